import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';

export type NodeProcessOptions = {
  readonly name: string;
  readonly port: number;
  readonly redisUrl: string;
  /** A database that is migrated. */
  readonly postgresUrl: string;
  /** The folder of the built page. */
  readonly webRoot: string;
  /** Base URLs of the nodes that a page may try. */
  readonly urls: readonly string[];
  /** Signs sessions and links of accounts, guests among them; without it everybody is a visitor who may edit. */
  readonly accountSecret?: string;
  /** Plugins are loaded from there, and the process guarded from what they throw; none unless told. */
  readonly pluginsDir?: string;
  /** Nothing is logged unless told. */
  readonly logLevel?: 'error' | 'info';
};

/** Starts one node as a process of its own, and resolves when it is ready. Throws an Error with its output otherwise. */
export function startNodeProcess(options: NodeProcessOptions): Promise<RunningProcess> {
  return startProcess({
    name: `${options.name} on port ${options.port}`,
    command: process.execPath,
    args: [fileURLToPath(new URL('./test-node-main.ts', import.meta.url)), JSON.stringify(options)],
    env: { LOG_LEVEL: options.logLevel },
    ready: async () => (await fetch(`http://127.0.0.1:${options.port}/readyz`)).ok,
    // An idle machine takes 2 s; several nodes on a busy one a multiple.
    readyWithinMs: 60_000,
  });
}
