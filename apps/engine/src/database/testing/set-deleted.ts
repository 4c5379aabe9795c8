import type { Kysely } from 'kysely';
import type { DocId } from '../../protocol/ids.ts';
import type { Database } from '../schema.ts';

/** Writes the document's row: it is there (null), or was deleted so many ms ago. */
export async function setDeleted(
  database: Kysely<Database>,
  docId: DocId,
  agoMs: number | null,
): Promise<void> {
  const deleted_at = agoMs === null ? null : new Date(Date.now() - agoMs);
  await database
    .insertInto('documents')
    .values({ id: docId, title: '', created_by: null, deleted_at })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ deleted_at }))
    .execute();
}
