import type { Database } from '@kryton/engine/database/schema.ts';
import { type Kysely, sql } from 'kysely';

/**
 * A guest has signed in to an account: what the guest could do with documents, the account can do from now on, with
 * the higher of two roles; the guest's agents become the account's. The guest itself is deleted afterwards, by
 * better-auth.
 */
export async function moveToAccount(db: Kysely<Database>, guestId: string, userId: string): Promise<void> {
  const [from, to] = [`user:${guestId}`, `user:${userId}`];
  await db.transaction().execute(async (transaction) => {
    await sql`
      INSERT INTO document_grants AS held (doc_id, principal_id, role, granted_by, created_at)
      SELECT doc_id, ${to}, role, granted_by, created_at FROM document_grants WHERE principal_id = ${from}
      ON CONFLICT (doc_id, principal_id) DO UPDATE SET role = CASE
        WHEN 'owner' IN (held.role, excluded.role) THEN 'owner'
        WHEN 'editor' IN (held.role, excluded.role) THEN 'editor'
        ELSE 'viewer' END`.execute(transaction);
    await transaction.deleteFrom('document_grants').where('principal_id', '=', from).execute();
    await transaction
      .updateTable('documents')
      .set({ created_by: to })
      .where('created_by', '=', from)
      .execute();
    await transaction
      .updateTable('agents')
      .set({ owner_id: userId })
      .where('owner_id', '=', guestId)
      .execute();
  });
}

/** A user was deleted, and its agents with it: what was granted to them, nobody has any more. */
export async function removeGrants(db: Kysely<Database>, userId: string): Promise<void> {
  await sql`
    DELETE FROM document_grants AS held WHERE principal_id = ${`user:${userId}`}
    OR (principal_id LIKE 'agent:%'
      AND NOT EXISTS (SELECT FROM agents WHERE 'agent:' || agents.id = held.principal_id))`.execute(db);
}
