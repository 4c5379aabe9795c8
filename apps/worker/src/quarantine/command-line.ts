import { parseArgs } from 'node:util';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';

/** What the operator asked for. */
export type QuarantineCommand =
  | {
      readonly kind: 'list';
      readonly docId: DocId | null;
      readonly limit: number;
      readonly withReleased: boolean;
      readonly isJson: boolean;
    }
  | { readonly kind: 'show'; readonly id: number }
  | { readonly kind: 'export'; readonly id: number; readonly file: string }
  | {
      readonly kind: 'release-item';
      readonly id: number;
      /** Bytes to append instead of those that were set aside. */
      readonly repairedFile: string | null;
      /** Also where an earlier release may have appended it. */
      readonly isRepeated: boolean;
      readonly waitMs: number;
    }
  | { readonly kind: 'release-document'; readonly docId: DocId; readonly waitMs: number }
  | { readonly kind: 'discard'; readonly id: number }
  | { readonly kind: 'help' };

export const USAGE = `npm run quarantine                           lists what is set aside
npm run quarantine -- list [options]
    --doc id        only of this document
    --limit n       at most so many, the newest; 50 unless told
    --all           released entries too
    --json          for programs
npm run quarantine -- show <id>              what it holds, and why it is refused
npm run quarantine -- export <id> --to file  its bytes; of a document the stored snapshot's
npm run quarantine -- release <docId>        the document is folded again
npm run quarantine -- release <id>           the entry is appended to its document's log again, if it passes now
    --from file     these bytes instead, the repaired ones
    --again         although an earlier release may have appended it
    --doc id        the document of this id, for ids that are numbers
    --wait seconds  for the fold that follows; 40 unless told
npm run quarantine -- discard <id> --yes     deletes the entry for good

It needs REDIS_URL and DATABASE_URL, or DATA_DIR of embedded mode.
Exit codes: 0 done, 1 not found or refused or not folded, 2 wrong arguments.
`;

/** The command line is wrong; the message says what, and what is right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const OPTIONS = {
  all: { type: 'boolean' },
  again: { type: 'boolean' },
  doc: { type: 'string' },
  from: { type: 'string' },
  help: { type: 'boolean' },
  json: { type: 'boolean' },
  limit: { type: 'string' },
  to: { type: 'string' },
  wait: { type: 'string' },
  yes: { type: 'boolean' },
} as const;
type Options = ReturnType<typeof read>['values'];

/** Which options each command takes; any other is an error, because it would have no effect. */
const TAKES: Readonly<Record<string, readonly (keyof typeof OPTIONS)[]>> = {
  list: ['doc', 'limit', 'all', 'json'],
  show: [],
  export: ['to'],
  release: ['from', 'again', 'doc', 'wait'],
  discard: ['yes'],
};

const DEFAULT_LIMIT = 50;
/** Under continuous editing a document is folded every 30 s (SNAP5). */
const DEFAULT_WAIT_S = 40;
const MAX_WAIT_S = 3_600;

/** Reads the command line (without the program). Throws a {@link UsageError}. */
export function parseCommandLine(args: readonly string[]): QuarantineCommand {
  const { values, positionals } = read(args);
  if (values.help) return { kind: 'help' };
  const [name = 'list', ...operands] = positionals;
  const takes = TAKES[name];
  if (!takes) throw wrong(`"${name}" is no command`);
  for (const option of Object.keys(values)) {
    if (!takes.some((each) => each === option)) throw wrong(`${name} takes no --${option}`);
  }
  const most = name === 'list' || (name === 'release' && values.doc !== undefined) ? 0 : 1;
  if (operands.length > most) throw wrong(`${name} takes no "${operands[most]}"`);
  return commandOf(name, operands[0], values);
}

function commandOf(name: string, operand: string | undefined, values: Options): QuarantineCommand {
  switch (name) {
    case 'show':
      return { kind: 'show', id: itemId(name, operand) };
    case 'export': {
      if (!values.to) throw wrong('export needs --to file');
      return { kind: 'export', id: itemId(name, operand), file: values.to };
    }
    case 'release':
      return releaseOf(operand, values);
    case 'discard': {
      const id = itemId(name, operand);
      if (!values.yes) throw wrong(`discard deletes item ${id} for good: add --yes when you mean it`);
      return { kind: 'discard', id };
    }
    default: {
      const limit = wholeNumber('--limit', values.limit ?? String(DEFAULT_LIMIT), 1, 100_000);
      const docId = values.doc === undefined ? null : documentId(values.doc);
      return { kind: 'list', docId, limit, withReleased: values.all ?? false, isJson: values.json ?? false };
    }
  }
}

function releaseOf(operand: string | undefined, values: Options): QuarantineCommand {
  const waitMs = wholeNumber('--wait', values.wait ?? String(DEFAULT_WAIT_S), 0, MAX_WAIT_S) * 1_000;
  const isItem = values.doc === undefined && operand !== undefined && /^\d+$/.test(operand);
  if (isItem) {
    const id = itemId('release', operand);
    return {
      kind: 'release-item',
      id,
      repairedFile: values.from ?? null,
      isRepeated: values.again ?? false,
      waitMs,
    };
  }
  const given = values.doc ?? operand;
  if (given === undefined) throw wrong('release needs an id: of a document, or of an item as list shows it');
  if (values.from !== undefined || values.again)
    throw wrong('--from and --again are for entries: release <id>');
  return { kind: 'release-document', docId: documentId(given), waitMs };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function itemId(command: string, text: string | undefined): number {
  if (text === undefined) throw wrong(`${command} needs an id, as list shows it`);
  return wholeNumber('the id', text, 1, Number.MAX_SAFE_INTEGER);
}

function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw wrong(`${what} is "${text}": give a whole number from ${least} to ${most}`);
}

function documentId(text: string): DocId {
  const docId = parseDocId(text);
  if (docId !== null) return docId;
  throw wrong(`"${text}" is no document id: 1 to 64 letters, digits, "_" or "-"`);
}

function wrong(message: string): UsageError {
  return new UsageError(`${message}\n\n${USAGE}`);
}
