import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { findExecutable } from '@kryton/engine/testing/services/installed.ts';

/** Everything that is measured shares one core; the generator has another, so that it takes nothing from it. */
export const SERVER_CORE = 0;
export const GENERATOR_CORE = 1;

/** Why the cores cannot be kept apart on this machine; null when they can. */
export function unpinnable(): string | null {
  if (findExecutable('taskset') === null)
    return 'there is no taskset (Linux, util-linux): servers and generator share all cores';
  // Not `availableParallelism`: it counts what this process may use, and that is one core once it is pinned.
  return cpus().length < 2 ? 'there is only one core: servers and generator share it' : null;
}

/** The command that runs `command` on the servers' core. */
export function onServerCore(command: string, args: readonly string[]): { command: string; args: string[] } {
  if (unpinnable() !== null) return { command, args: [...args] };
  return { command: 'taskset', args: ['-c', `${SERVER_CORE}`, command, ...args] };
}

/** Moves processes that run already, with all their threads; what they start later follows them. */
export function pin(core: number, pids: readonly number[]): void {
  if (unpinnable() !== null) return;
  for (const pid of pids)
    execFileSync('taskset', ['-a', '-c', '-p', `${core}`, `${pid}`], { stdio: 'ignore' });
}
