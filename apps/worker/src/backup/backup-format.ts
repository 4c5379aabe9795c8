import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';

/**
 * A backup is a directory:
 *
 * - `documents.jsonl`: one {@link DocumentLine} a line, as JSON;
 * - `states/ab/abcd…`: the state of a document, one Yjs v1 update that any Yjs reads, under the SHA-256 of its bytes;
 * - `accounts.jsonl`: one {@link AccountLine} a line;
 * - `backup.json`: the {@link Manifest}, written last: a directory without it is no backup.
 */
export const FILES = {
  documents: 'documents.jsonl',
  accounts: 'accounts.jsonl',
  manifest: 'backup.json',
} as const;

const FORMAT = 'kryton-backup-1';

export type Manifest = {
  readonly format: typeof FORMAT;
  /** ISO 8601. What was acknowledged before `startedAt` is in the backup. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** The schema that the rows are of: the migrations that had run. */
  readonly migrations: readonly string[];
  readonly documents: number;
  /** Documents of which only an older state could be read. */
  readonly partial: number;
  readonly stateBytes: number;
  /** SHA-256 of the two files of lines. */
  readonly sha256: { readonly documents: string; readonly accounts: string };
};

export type StoredState = {
  readonly sha256: string;
  readonly bytes: number;
  /** The log position that it reaches, as `epoch-seq`. */
  readonly position: string;
  /** Of the state, base64. */
  readonly stateVector: string;
};

/** A row as PostgreSQL's `to_jsonb` writes it. */
export type Row = Readonly<Record<string, unknown>>;

export type DocumentLine = {
  readonly id: DocId;
  /** Of `documents`; null for a document from before accounts. */
  readonly row: Row | null;
  readonly grants: readonly Row[];
  readonly link: Row | null;
  /** Null for a document into which nobody ever wrote. */
  readonly state: StoredState | null;
  /** Why the state is not the newest; null where it is. */
  readonly partial: string | null;
};

export type AccountLine = { readonly table: string; readonly row: Row };

/** The backup is none, is damaged, or is of another release; `message` says what and where. */
export class BadBackup extends Error {
  override readonly name = 'BadBackup';
}

export function manifestOf(parts: Omit<Manifest, 'format'>): Manifest {
  return { format: FORMAT, ...parts };
}

/** Where the state with this checksum lies in the directory. */
export function statePath(sha256: string): string {
  return `states/${sha256.slice(0, 2)}/${sha256}`;
}

/** Throws {@link BadBackup}. */
export function parseManifest(text: string): Manifest {
  const value = parseObject(text, FILES.manifest);
  if (value['format'] !== FORMAT)
    throw new BadBackup(`${FILES.manifest} says "${value['format']}": this release reads ${FORMAT}`);
  const { sha256, documents, migrations } = value;
  if (!isRow(sha256) || typeof documents !== 'number' || !Array.isArray(migrations))
    throw new BadBackup(`${FILES.manifest} is not whole`);
  return value as unknown as Manifest;
}

/** Throws {@link BadBackup}. */
export function parseDocumentLine(text: string): DocumentLine {
  const value = parseObject(text, FILES.documents);
  const { id, row, grants, link, state, partial } = value;
  const isWhole =
    typeof id === 'string' &&
    parseDocId(id) !== null &&
    (row === null || isRow(row)) &&
    Array.isArray(grants) &&
    (link === null || isRow(link)) &&
    (state === null || isState(state)) &&
    (partial === null || typeof partial === 'string');
  if (!isWhole)
    throw new BadBackup(`${FILES.documents} has a line that is no document: ${text.slice(0, 80)}`);
  return value as unknown as DocumentLine;
}

/** Throws {@link BadBackup}. */
export function parseAccountLine(text: string): AccountLine {
  const { table, row } = parseObject(text, FILES.accounts);
  if (typeof table === 'string' && isRow(row)) return { table, row };
  throw new BadBackup(`${FILES.accounts} has a line that is no row`);
}

function isState(value: unknown): boolean {
  if (!isRow(value)) return false;
  const { sha256, bytes, position, stateVector } = value;
  return (
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof bytes === 'number' &&
    typeof position === 'string' &&
    /^\d+-\d+$/.test(position) &&
    typeof stateVector === 'string'
  );
}

function parseObject(text: string, file: string): Row {
  try {
    const value: unknown = JSON.parse(text);
    if (isRow(value)) return value;
  } catch {
    // Said below.
  }
  throw new BadBackup(`${file} has a line that is no JSON object: it was cut off or changed`);
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
