import { createHash } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Database } from '@kryton/engine/database/schema.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { formatPosition } from '@kryton/engine/log/position.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { Snapshot } from '@kryton/engine/snapshots/snapshot-store.ts';
import { type Kysely, sql } from 'kysely';
import { accountRows } from './account-tables.ts';
import { backedUpDocuments, type DocumentRecord } from './backed-up-documents.ts';
import { FILES, type Manifest, manifestOf, type StoredState, statePath } from './backup-format.ts';
import { LineFile, OWNER_ONLY } from './line-file.ts';
import { type ReadStateParts, readState } from './read-state.ts';

export type BackupParts = ReadStateParts & {
  readonly db: Kysely<Database>;
  readonly log: Pick<UpdateLog, 'read' | 'documents'>;
  /** One line for the operator. */
  readonly print: (line: string) => void;
};

const TELL_EVERY = 1_000;
const OWNER_ONLY_DIRECTORY = 0o700;

/**
 * Writes a backup of a cluster that goes on working: what was acknowledged before this was called is in it. Each document
 * is as it was at a moment of its own. In memory there is one document, and a page of rows.
 *
 * Throws a {@link StartupError} when the directory has anything in it, and rejects with the error of the store that did
 * not answer.
 */
export async function writeBackup(parts: BackupParts, directory: string): Promise<Manifest> {
  const { db, print } = parts;
  await makeEmpty(directory);
  const startedAt = new Date().toISOString();
  const documents = await LineFile.create(join(directory, FILES.documents));
  const count = { documents: 0, partial: 0, stateBytes: 0 };
  for await (const record of backedUpDocuments(db, parts.log)) {
    const { state, partial } = await backUp(parts, directory, record);
    await documents.write({ ...record, state, partial });
    count.documents += 1;
    count.stateBytes += state?.bytes ?? 0;
    if (partial !== null) {
      count.partial += 1;
      print(`warning: ${record.id} is backed up as of its last snapshot: ${partial}`);
    }
    if (count.documents % TELL_EVERY === 0) print(`${count.documents} documents`);
  }
  // After the documents, so that whoever owns one of them is there.
  const accounts = await LineFile.create(join(directory, FILES.accounts));
  for await (const line of accountRows(db)) await accounts.write(line);
  const manifest = manifestOf({
    startedAt,
    finishedAt: new Date().toISOString(),
    migrations: await migrationsOf(db),
    ...count,
    sha256: { documents: await documents.finish(), accounts: await accounts.finish() },
  });
  await write(join(directory, FILES.manifest), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** The names of the migrations that have run, in order. */
export async function migrationsOf(db: Kysely<Database>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`SELECT name FROM schema_migrations ORDER BY name`.execute(db);
  return rows.map(({ name }) => name);
}

async function backUp(
  parts: BackupParts,
  directory: string,
  { id }: DocumentRecord,
): Promise<{ readonly state: StoredState | null; readonly partial: string | null }> {
  const { snapshot, partial } = await readState(parts, id);
  return { state: snapshot && (await writeState(directory, snapshot)), partial };
}

async function writeState(
  directory: string,
  { state, stateVector, position }: Snapshot,
): Promise<StoredState> {
  const sha256 = createHash('sha256').update(state).digest('hex');
  const path = join(directory, statePath(sha256));
  await mkdir(dirname(path), { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  await write(path, state);
  return {
    sha256,
    bytes: state.length,
    position: formatPosition(position),
    stateVector: Buffer.from(stateVector).toString('base64'),
  };
}

/** On disk when it resolves. Documents that are alike share a file, whose name is its content. */
async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  await writeFile(path, bytes, { mode: OWNER_ONLY, flush: true });
}

async function makeEmpty(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: OWNER_ONLY_DIRECTORY });
  const [there] = await readdir(directory);
  if (there === undefined) return;
  throw new StartupError(
    `${directory} holds ${there}: give a directory that is empty, or that is not there yet`,
  );
}
