import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { request } from './request.ts';
import type { DocumentRow } from './shapes.ts';

export type DocumentPage = {
  readonly documents: readonly DocumentRow[];
  /** Asks for the rows after these; null when there are none. */
  readonly nextCursor: string | null;
};

const PAGE_SIZE = 50;

/** The documents one may open, the latest change first. */
export function listDocuments(cursor: string | null): Promise<DocumentPage> {
  const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
  if (cursor !== null) query.set('cursor', cursor);
  return request<DocumentPage>(`/api/docs?${query}`);
}

/** One document and one's role on it, by the cookie or by the token of a link. */
export function fetchDocument(id: DocId, token: string | null = null): Promise<DocumentRow> {
  return request<DocumentRow>(`/api/docs/${id}`, { token });
}

/** A document of one's own. Without an id the server chooses one. */
export function createDocument(id?: DocId): Promise<DocumentRow> {
  return request<DocumentRow>('/api/docs', { method: 'POST', body: id === undefined ? {} : { id } });
}

export async function retitleDocument(id: DocId, title: string, token: string | null): Promise<void> {
  await request(`/api/docs/${id}`, { method: 'PATCH', body: { title }, token });
}

export async function deleteDocument(id: DocId): Promise<void> {
  await request(`/api/docs/${id}`, { method: 'DELETE' });
}
