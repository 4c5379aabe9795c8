import type { Database } from '@kryton/engine/database/schema.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';
import type { DocumentLine, Row } from './backup-format.ts';

/** A document as its row, its grants and its link say; what is in it comes from elsewhere. */
export type DocumentRecord = Pick<DocumentLine, 'id' | 'row' | 'grants' | 'link'>;

const PAGE_ROWS = 200;

/**
 * Every document that is not deleted, once: those with a row, then what is there without one, from before accounts. A
 * document that is created meanwhile may be among them or not.
 */
export async function* backedUpDocuments(
  db: Kysely<Database>,
  log: Pick<UpdateLog, 'documents'>,
): AsyncIterable<DocumentRecord> {
  yield* paged((after) => withRow(db, after));
  yield* paged((after) => withSnapshotOnly(db, after));
  yield* withLogOnly(db, log);
}

async function* paged(
  page: (after: string) => Promise<readonly DocumentRecord[]>,
): AsyncIterable<DocumentRecord> {
  let after = '';
  for (;;) {
    const records = await page(after);
    yield* records;
    const last = records.at(-1);
    if (!last) return;
    after = last.id;
  }
}

async function withRow(db: Kysely<Database>, after: string): Promise<DocumentRecord[]> {
  const { rows } = await sql<{ id: string; row: Row; grants: Row[]; link: Row | null }>`
    SELECT documents.id, to_jsonb(documents) AS row,
      (SELECT coalesce(jsonb_agg(to_jsonb(g) ORDER BY g.principal_id), '[]')
        FROM document_grants AS g WHERE g.doc_id = documents.id) AS grants,
      (SELECT to_jsonb(l) FROM document_links AS l WHERE l.doc_id = documents.id) AS link
    FROM documents WHERE deleted_at IS NULL AND documents.id > ${after}
    ORDER BY documents.id LIMIT ${PAGE_ROWS}::int`.execute(db);
  return rows.map(({ id, ...record }) => ({ id: docIdOf(id), ...record }));
}

async function withSnapshotOnly(db: Kysely<Database>, after: string): Promise<DocumentRecord[]> {
  const { rows } = await sql<{ id: string }>`
    SELECT doc_id AS id FROM document_snapshots AS s
    WHERE doc_id > ${after} AND NOT EXISTS (SELECT FROM documents WHERE id = s.doc_id)
    ORDER BY doc_id LIMIT ${PAGE_ROWS}::int`.execute(db);
  return rows.map(({ id }) => bare(docIdOf(id)));
}

/** The log names a document more than once at times: those that are yielded are remembered, and they are few. */
async function* withLogOnly(
  db: Kysely<Database>,
  log: Pick<UpdateLog, 'documents'>,
): AsyncIterable<DocumentRecord> {
  const seen = new Set<DocId>();
  let slice: DocId[] = [];
  const unknown = async function* (): AsyncIterable<DocumentRecord> {
    const { rows } = await sql<{ id: string }>`
      SELECT asked.id FROM unnest(${slice}::text[]) AS asked (id)
      WHERE NOT EXISTS (SELECT FROM documents WHERE documents.id = asked.id)
        AND NOT EXISTS (SELECT FROM document_snapshots WHERE doc_id = asked.id)`.execute(db);
    slice = [];
    for (const { id } of rows) {
      const docId = docIdOf(id);
      if (seen.has(docId)) continue;
      seen.add(docId);
      yield bare(docId);
    }
  };
  for await (const docId of log.documents()) {
    slice.push(docId);
    if (slice.length === PAGE_ROWS) yield* unknown();
  }
  yield* unknown();
}

function bare(id: DocId): DocumentRecord {
  return { id, row: null, grants: [], link: null };
}

function docIdOf(text: string): DocId {
  const docId = parseDocId(text);
  if (docId !== null) return docId;
  throw new Error(`the database holds a document whose id is none: "${text.slice(0, 80)}"`);
}
