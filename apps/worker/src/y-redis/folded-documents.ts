import type { Database } from '@kryton/engine/database/schema.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { Kysely } from 'kysely';

const PAGE = 1_000;

/**
 * Every document that has a snapshot, each once: a folded document that nobody opens has no log (SNAP7). Rejects with
 * the database's own error.
 */
export async function* foldedDocuments(database: Kysely<Database>): AsyncGenerator<DocId> {
  let after = '';
  for (;;) {
    const rows = await database
      .selectFrom('document_snapshots')
      .select('doc_id')
      .where('doc_id', '>', after)
      .orderBy('doc_id')
      .limit(PAGE)
      .execute();
    for (const { doc_id } of rows) {
      const docId = parseDocId(doc_id);
      if (docId !== null) yield docId;
      after = doc_id;
    }
    if (rows.length < PAGE) return;
  }
}
