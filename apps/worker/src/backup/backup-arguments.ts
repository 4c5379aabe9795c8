import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';

/** What the operator asked for; directories are absolute. */
export type BackupArguments =
  | { readonly kind: 'backup'; readonly to: string }
  | { readonly kind: 'verify'; readonly from: string }
  | { readonly kind: 'restore'; readonly from: string; readonly isMerge: boolean }
  | { readonly kind: 'help' };

export const USAGE = `npm run backup -- --to directory      backs up documents and accounts of a cluster that goes on working
npm run restore -- --from directory   brings them into an empty cluster
    --merge    into a cluster that is not empty: adds what its documents lack, and brings back deleted ones
    --check    compares the backup with its checksums, and changes nothing

Both need REDIS_URL and DATABASE_URL; --check needs neither.
Exit codes: 0 done, 1 not done, or a document is backed up as of its last snapshot only.
`;

const OPTIONS = {
  to: { type: 'string' },
  from: { type: 'string' },
  merge: { type: 'boolean' },
  check: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/**
 * Reads the command line (without the program): the name of the command, then what npm passes on. Throws a
 * {@link StartupError} that says what is wrong, with the usage.
 */
export function parseBackupArguments(words: readonly string[], directory: string): BackupArguments {
  const [name, ...args] = words;
  const { to, from, merge = false, check = false, help = false } = read(args);
  if (help) return { kind: 'help' };
  if (name === 'backup') {
    if (to === undefined || to === '')
      throw wrong('--to is needed: the directory that is to hold the backup');
    if (from !== undefined || merge || check) throw wrong('backup takes --to and nothing else');
    return { kind: 'backup', to: resolve(directory, to) };
  }
  if (from === undefined || from === '') throw wrong('--from is needed: the directory of a backup');
  if (to !== undefined) throw wrong('restore takes no --to');
  if (merge && check) throw wrong('--check changes nothing, and --merge is there to: choose one');
  const found = resolve(directory, from);
  return check ? { kind: 'verify', from: found } : { kind: 'restore', from: found, isMerge: merge };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function wrong(message: string): StartupError {
  return new StartupError(`${message}\n\n${USAGE}`);
}
