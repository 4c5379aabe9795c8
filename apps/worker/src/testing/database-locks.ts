import type { DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';

/** A lock that stops a worker at one exact statement, from outside. */
export type HeldLock = { release(): Promise<void> };

/**
 * Stops every worker that sets something aside, which it does after it has folded and before it commits. Whether a
 * document is set aside can still be asked.
 */
export function holdSettingAside(database: DatabaseConnection): Promise<HeldLock> {
  return hold(database, 'LOCK TABLE quarantine IN EXCLUSIVE MODE');
}

/** Stops every worker that commits a snapshot of the document, which must have one already. */
export function holdCommit(database: DatabaseConnection, docId: DocId): Promise<HeldLock> {
  return hold(database, 'SELECT 1 FROM document_snapshots WHERE doc_id = $1 FOR UPDATE', [docId]);
}

async function hold(
  { pool }: DatabaseConnection,
  statement: string,
  values: string[] = [],
): Promise<HeldLock> {
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SET LOCAL idle_in_transaction_session_timeout = 0');
  const { rowCount, command } = await client.query(statement, values);
  if (command === 'SELECT' && rowCount !== 1) throw new Error('there is no row to lock');
  return {
    async release() {
      await client.query('COMMIT');
      client.release();
    },
  };
}

/** The names of the workers that wait for a lock, once there are `count` of them; each once. */
export async function untilWaiting({ pool }: DatabaseConnection, count = 1): Promise<string[]> {
  return await eventually(
    async () => {
      const { rows } = await pool.query<{ name: string }>(
        `SELECT DISTINCT application_name AS name FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND application_name LIKE 'worker:%'`,
      );
      return rows.length >= count && rows.map(({ name }) => name.slice('worker:'.length));
    },
    { what: `${count} workers wait for a lock`, withinMs: 15_000 },
  );
}
