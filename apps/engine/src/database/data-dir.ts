import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartupError } from '../lifecycle/startup-error.ts';

/** DATA_DIR, held by this process alone. */
export type DataDir = {
  readonly path: string;
  /** Lets another process have it. */
  release(): void;
};

/** Another process holds DATA_DIR. */
export class DataDirInUse extends StartupError {
  override readonly name = 'DataDirInUse';
}

/** `SQLITE_BUSY`: somebody else holds the lock; https://sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/**
 * Makes the directory if needed (readable by its owner only) and locks it against a second process.
 *
 * The lock is the one that SQLite takes on a file of its own, with fcntl: the kernel releases it however the process
 * ends, `kill -9` included. A file with a process id, the usual way, outlives a crash and then has to be judged
 * (is that pid still ours?); Node itself offers no file lock, and `node:sqlite` is built in.
 *
 * Throws a {@link StartupError} when the directory cannot be made or written, {@link DataDirInUse} when it is in use.
 */
export function openDataDir(path: string): DataDir {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw notWritable(path, cause);
  }
  return { path, release: lock(path) };
}

function lock(path: string): () => void {
  let file: DatabaseSync | undefined;
  try {
    file = new DatabaseSync(join(path, 'lock'));
    file.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    // The closure keeps the handle alive: collected as garbage it would give the lock back.
    const held = file;
    return () => {
      if (held.isOpen) held.close();
    };
  } catch (cause) {
    file?.close();
    if (cause instanceof Error && 'errcode' in cause && cause.errcode === SQLITE_BUSY) {
      throw new DataDirInUse(
        `DATA_DIR ${path} is in use by another process: stop that one, or set DATA_DIR to another directory`,
        { cause },
      );
    }
    throw notWritable(path, cause);
  }
}

function notWritable(path: string, cause: unknown): StartupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartupError(
    `DATA_DIR ${path} is not writable (${reason}): give this user write access, or set DATA_DIR to another directory`,
    { cause },
  );
}
