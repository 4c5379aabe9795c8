import { type Kysely, sql } from 'kysely';
import type { Database } from './schema.ts';

/** Of one look; the next finds more. */
const MAX_DOCUMENTS = 1_000;

/** Documents that were deleted within the last `withinMs` by the database's clock; Infinity: ever. */
export function deletedWithin(database: Kysely<Database>, withinMs: number) {
  const deleted = database
    .selectFrom('documents')
    .select('id')
    .where('deleted_at', 'is not', null)
    .limit(MAX_DOCUMENTS);
  if (withinMs === Number.POSITIVE_INFINITY) return deleted;
  return deleted.where('deleted_at', '>', sql<Date>`now() - ${withinMs / 1_000} * interval '1 second'`);
}
