import { join } from 'node:path';
import type { Database } from '@kryton/engine/database/schema.ts';
import type { JobQueue } from '@kryton/engine/jobs/job-queue.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { ORIGIN, parsePosition } from '@kryton/engine/log/position.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import { type Kysely, sql } from 'kysely';
import { ACCOUNT_TABLES, insertRows } from './account-tables.ts';
import {
  BadBackup,
  type DocumentLine,
  FILES,
  type Manifest,
  parseAccountLine,
  type Row,
} from './backup-format.ts';
import { linesOf } from './line-file.ts';
import { documentsOf, readStateOf, verifyBackup } from './read-backup.ts';
import { migrationsOf } from './write-backup.ts';

export type RestoreParts = {
  readonly db: Kysely<Database>;
  readonly log: Pick<UpdateLog, 'open' | 'append' | 'documents'>;
  readonly snapshots: Pick<SnapshotStore, 'load' | 'position' | 'commit'>;
  readonly jobs: Pick<JobQueue, 'scheduleFold'>;
  readonly print: (line: string) => void;
};

export type RestoreOptions = {
  /** Into a cluster that has documents: adds what they lack, and brings back those that are gone. */
  readonly isMerge: boolean;
};

const TELL_EVERY = 1_000;
const ROWS_AT_ONCE = 500;
/** Appends of one document: each is lost at most because another node begins an epoch. */
const MAX_TRIES = 5;

/**
 * Brings a backup into a cluster; resolves when all of it is durable. The whole backup is compared with its checksums
 * before the first row is written.
 *
 * Into an empty cluster it comes as snapshots, and with its accounts. With `isMerge` what the documents of the backup
 * hold is appended to theirs like any update, so that nothing that is there goes away; accounts, and grants that are
 * there, stay as they are.
 *
 * Throws {@link BadBackup}, or a {@link StartupError} when this cluster cannot take it; nothing was changed then.
 * Rejects with the error of the store that did not answer.
 */
export async function restoreBackup(
  parts: RestoreParts,
  directory: string,
  { isMerge }: RestoreOptions,
): Promise<Manifest> {
  const manifest = await verifyBackup(directory);
  parts.print(`the backup of ${manifest.startedAt} is whole: ${manifest.documents} documents`);
  await demandSameSchema(parts.db, manifest);
  if (!isMerge) await demandEmpty(parts);
  let done = 0;
  for await (const line of documentsOf(directory)) {
    await insertRecord(parts.db, line, isMerge);
    if (line.state) {
      const state = await readStateOf(directory, { id: line.id, state: line.state });
      if (isMerge) await append(parts, line, state);
      else await commit(parts, line, state);
    }
    done += 1;
    if (done % TELL_EVERY === 0) parts.print(`${done} documents`);
  }
  if (isMerge) parts.print('accounts were left as they are');
  else await restoreAccounts(parts.db, directory);
  return manifest;
}

/** Rows are of one schema: a later one may have moved or filled columns, which its migration did, not this. */
async function demandSameSchema(db: Kysely<Database>, { migrations }: Manifest): Promise<void> {
  const here = await migrationsOf(db);
  if (here.join() === migrations.join()) return;
  throw new StartupError(
    `the backup is of another schema (up to ${migrations.at(-1)}, here ${here.at(-1)}): restore it with the release that wrote it, then upgrade`,
  );
}

async function demandEmpty({ db, log }: RestoreParts): Promise<void> {
  const { rows } = await sql<{ what: string; there: boolean }>`
    SELECT 'documents' AS what, EXISTS (SELECT FROM documents) OR EXISTS (SELECT FROM document_snapshots) AS there
    UNION ALL SELECT 'users', EXISTS (SELECT FROM "user")`.execute(db);
  const found = rows.filter(({ there }) => there).map(({ what }) => what);
  for await (const docId of log.documents()) {
    found.push(`a log of ${docId} in Redis`);
    break;
  }
  if (found.length === 0) return;
  throw new StartupError(
    `this cluster is not empty (${found.join(', ')}), and nothing was changed: restore into an empty database and Redis, or add what is missing with --merge`,
  );
}

/** A deleted document comes back; the row of one that is there stays. */
async function insertRecord(db: Kysely<Database>, { id, row, grants, link }: DocumentLine, isMerge: boolean) {
  if (!isMerge) {
    if (row) await insertRows(db, 'documents', [row]);
    await insertRows(db, 'document_grants', grants);
    if (link) await insertRows(db, 'document_links', [link]);
    return;
  }
  const record = JSON.stringify(row ?? { id });
  await db.transaction().execute(async (transaction) => {
    const { numAffectedRows } = await sql`
      INSERT INTO documents AS stored (id, title, created_by, created_at, updated_at)
      SELECT id, coalesce(title, ''), created_by, coalesce(created_at, now()), coalesce(updated_at, now())
      FROM jsonb_populate_record(NULL::documents, ${record}::jsonb)
      ON CONFLICT (id) DO UPDATE SET deleted_at = NULL, title = excluded.title
      WHERE stored.deleted_at IS NOT NULL`.execute(transaction);
    // Of a document that is there its people have decided who may do what.
    if (numAffectedRows === 0n) return;
    await insertRows(transaction, 'document_grants', grants, { isMerge });
    if (link) await insertRows(transaction, 'document_links', [link], { isMerge });
  });
}

async function commit(
  { snapshots }: RestoreParts,
  { id, state }: DocumentLine,
  bytes: Buffer,
): Promise<void> {
  if (!state) return;
  const position = parsePosition(state.position);
  const stateVector = Buffer.from(state.stateVector, 'base64');
  const isStored = await snapshots.commit(id, { position, state: bytes, stateVector });
  const stored = await snapshots.load(id);
  if (isStored && stored && bytes.equals(stored.state)) return;
  throw new StartupError(
    `${id} was written to while it was restored: stop the nodes, empty the database and Redis, and begin again`,
  );
}

async function append(
  { log, snapshots, jobs }: RestoreParts,
  { id }: DocumentLine,
  bytes: Buffer,
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { last } = await log.open(id, (await snapshots.position(id)) ?? ORIGIN);
    const { kind } = await log.append(id, last, bytes);
    if (kind === 'lost') continue;
    await jobs.scheduleFold(id, 0);
    return;
  }
  throw new StartupError(`the log of ${id} was lost ${MAX_TRIES} times: look at Redis, and restore again`);
}

/** All of them or none. */
async function restoreAccounts(db: Kysely<Database>, directory: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    let [table, rows]: [string, Row[]] = ['', []];
    const flush = async () => {
      await insertRows(transaction, table, rows);
      rows = [];
    };
    for await (const text of linesOf(join(directory, FILES.accounts))) {
      const line = parseAccountLine(text);
      if (!ACCOUNT_TABLES.some((each) => each.table === line.table))
        throw new BadBackup(`${FILES.accounts} has rows of ${line.table}, which is no table of accounts`);
      if (line.table !== table || rows.length === ROWS_AT_ONCE) await flush();
      table = line.table;
      rows.push(line.row);
    }
    await flush();
  });
}
