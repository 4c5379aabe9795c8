import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { GeneratorState } from '../generator-watch.ts';
import type { Door } from '../system.ts';

/** Who joins, each by a door of their own, and how many bytes each must at least be sent. */
export type JoiningCrowd = { readonly doors: readonly Door[]; readonly bytes: number };

export type Joined = {
  /** From the beginning of all to the end of SyncStep2, of each, the quickest first. */
  readonly timesMs: readonly number[];
  /** What kept somebody from joining, in words. */
  readonly failures: readonly string[];
  readonly generator: GeneratorState;
};

const MAIN = fileURLToPath(new URL('./joining-crowd-main.ts', import.meta.url));

/**
 * A process that is ready to join: gigabytes are counted there, so that whoever measures latencies here is not late
 * because of them. `join` lets all in at the same moment, once.
 */
export async function startJoiningCrowd(): Promise<{ join(crowd: JoiningCrowd): Promise<Joined> }> {
  const child = fork(MAIN, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the joining crowd ended with ${code} before it told how it went`);
  });
  ended.catch(() => {});
  await Promise.race([once(child, 'message'), ended]);
  return {
    async join(crowd) {
      const told = once(child, 'message');
      child.send(crowd);
      const [joined] = await Promise.race([told, ended]);
      return joined as Joined;
    },
  };
}
