import type { Database } from '@kryton/engine/database/schema.ts';
import type { DocId, PrincipalId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';

/** A document and who is to own it. */
export type Opened = { readonly docId: DocId; readonly owner: PrincipalId };

/**
 * Creates each document that was never there, with its owner; the result is what was created. An id that is taken, or
 * was once and is deleted now, keeps its row and stays as it is. In the order of their ids, so that two nodes that
 * create the same documents wait for each other and not both.
 */
export async function createOpened(
  database: Kysely<Database>,
  wanted: readonly Opened[],
): Promise<readonly Opened[]> {
  const { rows } = await sql<Opened>`
    WITH created AS (
      INSERT INTO documents (id, created_by)
      SELECT doc_id, owner FROM unnest(${wanted.map(({ docId }) => docId)}::text[],
        ${wanted.map(({ owner }) => owner)}::text[]) WITH ORDINALITY AS wanted (doc_id, owner, n)
      ORDER BY doc_id, n
      ON CONFLICT (id) DO NOTHING
      RETURNING id, created_by
    )
    INSERT INTO document_grants (doc_id, principal_id, role, granted_by)
    SELECT id, created_by, 'owner', created_by FROM created
    RETURNING doc_id AS "docId", principal_id AS owner
  `.execute(database);
  return rows;
}
