import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { foldDocument } from './fold.ts';
import { DocumentTooLarge, readDocument } from './read-document.ts';
import { appendAll, freshDoc, typed, useFoldStores } from './testing/fold-stores.ts';

const MAX_BYTES = 1024 * 1024;

describe('reading a whole document', () => {
  const stores = useFoldStores();
  const textOf = (update: Uint8Array) => {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update);
    return doc.getText('text').toString();
  };
  const read = (docId: Parameters<typeof readDocument>[1], maxBytes = MAX_BYTES) =>
    readDocument(stores, docId, maxBytes);
  const fold = (docId: Parameters<typeof readDocument>[1]) =>
    foldDocument(stores, docId, { isUrgent: true, keepMs: 0 });

  it('is empty where nobody wrote', async () => {
    expect(await read(freshDoc())).toEqual(Uint8Array.of(0, 0));
  });

  it('holds what is in the log, in the snapshot, and in both', async () => {
    const docId = freshDoc();
    const updates = typed('hello world');
    await appendAll(stores, docId, updates.slice(0, 5));
    expect(textOf(await read(docId))).toBe('hello');
    await fold(docId);
    expect(textOf(await read(docId))).toBe('hello');
    await appendAll(stores, docId, updates.slice(5));
    expect(textOf(await read(docId))).toBe('hello world');
    expect((await stores.snapshots.load(docId))?.position.seq).toBe(5);
  });

  it('LOG9 leaves out what cannot be read', async () => {
    const docId = freshDoc();
    const [first, ...rest] = typed('ab');
    if (!first) throw new Error('typing makes updates');
    await appendAll(stores, docId, [first, Uint8Array.of(1, 2, 3), ...rest]);
    expect(textOf(await read(docId))).toBe('ab');
  });

  it('refuses what is larger than was asked for', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('hello'));
    await expect(read(docId, 50)).rejects.toThrow(DocumentTooLarge);
    await fold(docId);
    await expect(read(docId, 10)).rejects.toThrow(DocumentTooLarge);
    expect(textOf(await read(docId))).toBe('hello');
  });
});
