import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

/** Collects names until the pipe ends, which it does however this process ends, then removes them. Servers that are
 * just being ended by their own watchdogs may still write: then it tries again, five times at most. */
const SWEEP = `
  while read -r directory; do set -- "$@" "$directory"; done
  for attempt in 1 2 3 4 5; do rm -rf -- "$@" 2>/dev/null && exit; sleep 1; done`;

let sweeper: Writable | null = null;

/**
 * A fresh directory `kryton-<purpose>-…` that is removed after this process has ended (also by SIGKILL, where exit
 * hooks do not run), or earlier by {@link removeTemporaryDirectory}. Readable by all: nginx workers and PostgreSQL run
 * as other users.
 */
export function temporaryDirectory(purpose: string): string {
  const directory = mkdtempSync(join(tmpdir(), `kryton-${purpose}-`));
  chmodSync(directory, 0o755);
  sweeper ??= startSweeper();
  sweeper.write(`${directory}\n`);
  return directory;
}

/** Removes a directory made by {@link temporaryDirectory} with all that is in it. */
export function removeTemporaryDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}

function startSweeper(): Writable {
  const shell = spawn('/bin/sh', ['-c', SWEEP], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  shell.stdin.on('error', () => {});
  // Node types the pipe as a stream; it is a socket, and must not keep this process alive.
  if ('unref' in shell.stdin && typeof shell.stdin.unref === 'function') shell.stdin.unref();
  return shell.stdin;
}
