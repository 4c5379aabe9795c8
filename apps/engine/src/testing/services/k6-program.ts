import { execFileSync } from 'node:child_process';
import { findExecutable, findOwnProgram } from './installed.ts';

/** The oldest that the load tests were run with. */
const OLDEST = [1, 1] as const;
/** From here on `k6/websockets` is there, which was `k6/experimental/websockets` before. */
const STABLE_WEBSOCKETS = [1, 6] as const;
const ANSWERS_WITHIN_MS = 20_000;

export type K6Program = {
  readonly path: string;
  /** As it says it: "k6 v1.8.1 (go1.26.8, linux/amd64)". */
  readonly version: string;
  readonly websockets: 'k6/websockets' | 'k6/experimental/websockets';
};

/** The k6 of the PATH, or else that of `npm test`: the first that is new enough; null when there is none. */
export function findK6(): K6Program | null {
  for (const path of [findExecutable('k6'), findOwnProgram('k6')]) {
    const program = path === null ? null : k6At(path, versionOf(path));
    if (program !== null) return program;
  }
  return null;
}

/** What the k6 at `path` can do, by what it calls itself; null for what is too old, or no k6. */
export function k6At(path: string, version: string): K6Program | null {
  const [, major, minor] = /^k6(?:\.exe)? v(\d+)\.(\d+)\./.exec(version) ?? [];
  const isFrom = ([leastMajor, leastMinor]: readonly [number, number]) =>
    Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor);
  if (!isFrom(OLDEST)) return null;
  return {
    path,
    version,
    websockets: isFrom(STABLE_WEBSOCKETS) ? 'k6/websockets' : 'k6/experimental/websockets',
  };
}

function versionOf(path: string): string {
  try {
    const said = execFileSync(path, ['version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: ANSWERS_WITHIN_MS,
    });
    return said.split('\n')[0]?.trim() ?? '';
  } catch {
    return '';
  }
}
