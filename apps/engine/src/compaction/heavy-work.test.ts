import { afterAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { UpdateRefused } from '../protocol/update-refused.ts';
import { createHeavyWork } from './heavy-work.ts';

describe('heavy work', () => {
  const heavy = createHeavyWork({ maxThreads: 1, memoryMb: 256 });
  afterAll(() => heavy.close());

  function document(): { doc: Y.Doc; update: Uint8Array } {
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'some text');
    doc.getText('content').delete(2, 3);
    return { doc, update: Y.encodeStateAsUpdate(doc) };
  }

  it('ROOM5 answers as Yjs does, in a thread, and leaves its inputs alone', async () => {
    const { doc, update } = document();
    const before = Uint8Array.from(update);
    const known = Y.encodeStateVector(doc);
    doc.getText('content').insert(0, 'more ');
    const later = Y.encodeStateAsUpdate(doc);
    expect(await heavy.diff(later, known)).toEqual(Y.diffUpdate(later, known));
    expect(await heavy.stateVectorOf(later)).toEqual(Y.encodeStateVector(doc));
    const merged = new Y.Doc();
    Y.applyUpdate(merged, await heavy.mergeMany([update, Y.diffUpdate(later, known)]));
    expect(merged.getText('content').toString()).toBe('more sotext');
    expect(update).toEqual(before);
  });

  it('ROOM5 reads what an update deletes', async () => {
    const { doc, update } = document();
    expect(await heavy.deletedRanges(update)).toEqual(new Map([[doc.clientID, [[2, 3]]]]));
  });

  it('ROOM5 refuses in a thread what the guard refuses', async () => {
    const { update } = document();
    await expect(heavy.check(update)).resolves.toBeUndefined();
    await expect(heavy.check(update.subarray(0, update.length - 2))).rejects.toThrow(UpdateRefused);
  });

  it('ROOM5 writes a document as JSON and as text in a thread', async () => {
    const { update } = document();
    const read = async (bytes: Promise<Uint8Array>) => new TextDecoder().decode(await bytes);
    expect(await read(heavy.jsonOf(update))).toBe('{"content":"sotext"}');
    expect(await read(heavy.textOf(update, 'content'))).toBe('sotext');
  });
});
