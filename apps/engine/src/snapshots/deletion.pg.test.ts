import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from '../database/connect-database.ts';
import { migrate } from '../database/migrate.ts';
import { setDeleted } from '../database/testing/set-deleted.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { createDatabase } from '../testing/services/postgres-service.ts';
import { PostgresSnapshotStore } from './postgres-snapshot-store.ts';

let database: DatabaseConnection;
let store: PostgresSnapshotStore;
beforeAll(async () => {
  const url = await createDatabase(inject('postgresUrl'));
  database = await connectDatabase({ url }, { applicationName: 'deletion' });
  await migrate(database.db);
  store = new PostgresSnapshotStore(database.db);
});
afterAll(() => database.close());

const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
const SNAPSHOT = {
  position: { epoch: 1, seq: 1 },
  state: Uint8Array.of(0, 0),
  stateVector: Uint8Array.of(0),
};
const MARK = 'UPDATE documents SET deleted_at = now() WHERE id = $1';

/** Until somebody waits for a lock. */
async function somebodyWaits(query: string): Promise<void> {
  await eventually(
    async () => {
      const { rows } = await database.pool.query(
        `SELECT 1 FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE $1`,
        [`%${query}%`],
      );
      return rows.length > 0;
    },
    { what: `"${query}" waits for a lock` },
  );
}

it('SNAP1 a commit that begins while a deletion is written down waits for it and stores nothing', async () => {
  const docId = freshDoc();
  await setDeleted(database.db, docId, null);
  const deleting = await database.pool.connect();
  await deleting.query('BEGIN');
  await deleting.query(MARK, [docId]);
  const committed = store.commit(docId, SNAPSHOT);
  await somebodyWaits('INSERT INTO document_snapshots');
  await deleting.query('COMMIT');
  deleting.release();
  expect(await committed).toBe(false);
  expect(await store.load(docId)).toBeNull();
});

it('SNAP1 a deletion that begins while a commit is under way finds its snapshot', async () => {
  const docId = freshDoc();
  await setDeleted(database.db, docId, null);
  // The commit stands still behind another one, with the lock on the document's row in its hands.
  const other = await database.pool.connect();
  await other.query('BEGIN');
  await other.query(
    `INSERT INTO document_snapshots (doc_id, epoch, seq, state, state_vector) VALUES ($1, 0, 1, '', '')`,
    [docId],
  );
  const committed = store.commit(docId, SNAPSHOT);
  await somebodyWaits('INSERT INTO document_snapshots');
  const marked = database.pool.query(MARK, [docId]);
  await somebodyWaits('UPDATE documents');
  await other.query('COMMIT');
  other.release();
  expect(await committed).toBe(true);
  await marked;
  await store.remove(docId);
  expect(await store.load(docId)).toBeNull();
  expect(await store.commit(docId, { ...SNAPSHOT, position: { epoch: 2, seq: 1 } })).toBe(false);
});
