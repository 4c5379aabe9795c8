import { expect } from 'vitest';
import * as Y from 'yjs';

/** Fails unless both hold the same structs, the same deletes and the same content. */
export function expectSameDocument(actual: Y.Doc, expected: Y.Doc, name: string): void {
  expect(Y.encodeStateVector(actual), `state vector of ${name}`).toEqual(Y.encodeStateVector(expected));
  expect(Y.equalSnapshots(Y.snapshot(actual), Y.snapshot(expected)), `delete set of ${name}`).toBe(true);
  expect(contentOf(actual), `content of ${name}`).toBe(contentOf(expected));
}

/** Of the root types that the samples and traces write. */
function contentOf(doc: Y.Doc): string {
  const content = {
    content: doc.getText('content').toDelta(),
    text: doc.getText('text').toDelta(),
    map: doc.getMap('map').toJSON(),
    array: doc.getArray('array').toJSON(),
    xml: doc.getXmlFragment('xml').toString(),
  };
  return JSON.stringify(sorted(content), (_key, value) => (typeof value === 'bigint' ? `${value}n` : value));
}

/** Maps list their keys in the order in which they arrived, which differs between replicas. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value instanceof Y.Doc) return { guid: value.guid };
  if (value instanceof Uint8Array) return [...value];
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
