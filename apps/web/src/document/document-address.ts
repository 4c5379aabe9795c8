import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';

/** What the page's URL says about the document. `text` is what stood where an id was expected. */
export type DocumentAddress =
  | { readonly kind: 'document'; readonly id: DocId }
  | { readonly kind: 'missing' }
  | { readonly kind: 'invalid'; readonly text: string };

/**
 * Reads the id from the query (`location.search`), as in `/?doc=<id>`. The query and not the path: any static server
 * delivers the page then, without a fallback rule.
 */
export function readAddress(search: string): DocumentAddress {
  const text = new URLSearchParams(search).get('doc');
  if (text === null || text === '') return { kind: 'missing' };
  const id = parseDocId(text);
  return id === null ? { kind: 'invalid', text } : { kind: 'document', id };
}

/** The address of a document, relative to the origin. An id needs no escaping. */
export function addressOf(id: DocId): string {
  return `/?doc=${id}`;
}

/**
 * A fresh id of 16 characters, 96 random bits: nobody meets somebody else's document by chance. `fill` fills the bytes
 * with randomness (`crypto.getRandomValues`).
 */
export function freshDocId(fill: (bytes: Uint8Array<ArrayBuffer>) => void): DocId {
  const bytes = new Uint8Array(12);
  fill(bytes);
  const text = btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const id = parseDocId(text);
  if (id === null) throw new Error(`"${text}" came out as no document id`);
  return id;
}
