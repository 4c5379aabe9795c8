import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { findExecutable } from '@kryton/engine/testing/services/installed.ts';

/** When, on what and of what figures were made. */
export type Place = {
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly redis: string;
  readonly cpu: string;
  readonly cores: number;
};

export function place(): Place {
  const redis = findExecutable('redis-server');
  const version = redis === null ? '' : execFileSync(redis, ['--version'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    node: process.version,
    redis: /v=([\d.]+)/.exec(version)?.[1] ?? 'unknown',
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
  };
}

/** The commit that was measured; with a `+` when the apps had changes that are in none. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', ':/apps') === '' ? '' : '+';
  return git('rev-parse', '--short', 'HEAD') + changed;
}
