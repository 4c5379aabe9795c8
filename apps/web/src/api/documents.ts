import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { answerOf, api, shown } from './answer-of.ts';
import type { DocumentAnswer, DocumentRow } from './shapes.ts';

export type DocumentPage = {
  readonly documents: readonly DocumentRow[];
  /** Asks for the rows after these; null when there are none. */
  readonly nextCursor: string | null;
};

const PAGE_SIZE = 50;

/** The documents one may open, the latest change first. */
export async function listDocuments(cursor: string | null): Promise<DocumentPage> {
  const query = { limit: PAGE_SIZE, ...(cursor !== null && { cursor }) };
  const { documents, nextCursor } = await answerOf(api.GET('/api/docs', { params: { query } }));
  return { documents: documents.map(rowOf), nextCursor };
}

/** One document and one's role on it, by the cookie or by the token of a link. */
export async function fetchDocument(docId: DocId, token: string | null = null): Promise<DocumentRow> {
  const options = { params: { path: { docId } }, headers: shown(token) };
  return rowOf(await answerOf(api.GET('/api/docs/{docId}', options)));
}

/** A document of one's own. Without an id the server chooses one. */
export async function createDocument(id?: DocId): Promise<DocumentRow> {
  return rowOf(await answerOf(api.POST('/api/docs', { body: id === undefined ? {} : { id } })));
}

export async function retitleDocument(docId: DocId, title: string, token: string | null): Promise<void> {
  const options = { params: { path: { docId } }, headers: shown(token), body: { title } };
  await answerOf(api.PATCH('/api/docs/{docId}', options));
}

export async function deleteDocument(docId: DocId): Promise<void> {
  await answerOf(api.DELETE('/api/docs/{docId}', { params: { path: { docId } } }));
}

function rowOf(answer: DocumentAnswer): DocumentRow {
  const id = parseDocId(answer.id);
  if (id === null) throw new Error(`the server calls a document "${answer.id}", which is no document id`);
  return { ...answer, id };
}
