import { fileURLToPath } from 'node:url';
import { startProcess } from '@kryton/engine/testing/services/child-process.ts';
import type { Credentials } from '@kryton/server/testing/sign-up.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** What a troublemaker does until it is stopped. `bases` are `ws://host:port` of nodes. */
export type Trouble =
  /**
   * `count` sockets on each of `docIds` in turn that ask for everything again and again and read nothing; `fedDocId`
   * is one of them, in which somebody writes 16 KB forty times a second.
   */
  | {
      readonly kind: 'slow-readers';
      readonly bases: readonly string[];
      readonly docIds: readonly string[];
      readonly fedDocId: string;
      readonly count: number;
    }
  /** One socket that sends as fast as it is read, and comes back when it is closed. */
  | { readonly kind: 'flood'; readonly base: string; readonly docId: string; readonly what: Flood }
  /** A document of `bytes`, sent as one message or in pieces of 256 KB; then edits of it, while newcomers open it. */
  | {
      readonly kind: 'large-document';
      readonly bases: readonly string[];
      readonly docId: string;
      readonly bytes: number;
      readonly pieces: 'one' | 'many';
    }
  /** Writes what cannot be read into the log of a document and into the snapshot of `<docId>-snapshot`. */
  | {
      readonly kind: 'poison';
      readonly bases: readonly string[];
      readonly docId: string;
      readonly redisUrl: string;
      readonly databaseUrl: string;
    };

/** `updates`: tiny edits. `presence`: moves. `frames`: messages that mean nothing and want an answer. */
export type Flood = 'updates' | 'presence' | 'frames';

export type Troublemaker = {
  /** The newest value of a figure that it reports; 0 before the first. */
  figure(name: string): number;
  stop(): Promise<void>;
};

/**
 * Starts somebody who makes trouble, as a process of its own and at the lowest priority: what it burns itself is not
 * what the cluster is asked about. Its sockets are those of `as`. Resolves when it has begun.
 */
export async function startTroublemaker(trouble: Trouble, as: Credentials): Promise<Troublemaker> {
  const running = await startProcess({
    name: trouble.kind,
    command: process.execPath,
    args: [MAIN, JSON.stringify(trouble), JSON.stringify(as)],
    ready: (child) => child.output().includes('"begun"'),
    readyWithinMs: 20_000,
  });
  return {
    figure: (name) => Number(running.output().match(new RegExp(`.*"${name}":(\\d+)`, 's'))?.[1] ?? 0),
    async stop() {
      const ended = await running.stop({ signal: 'SIGKILL' });
      if (ended.signal !== 'SIGKILL') throw new Error(`the troublemaker failed: ${running.output()}`);
    },
  };
}
