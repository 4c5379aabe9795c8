import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import {
  GC,
  numberContent,
  type Struct,
  TEXT,
  textContent,
  writeUpdate,
} from '../testing/fuzz/update-model.ts';
import { mergeMany } from './merge-updates.ts';
import { newPart, newParts } from './new-part.ts';
import { checkUpdate } from './update-guard.ts';

const NEITHER = { origin: null, rightOrigin: null, parent: null, parentSub: null };
const gc = (length: number): Struct => ({ ...NEITHER, kind: GC, content: numberContent(length) });
const text = (content: string): Struct => ({
  ...NEITHER,
  kind: TEXT,
  parent: 'text',
  content: textContent(content),
});
const told = (client: number, ...structs: Struct[]) =>
  writeUpdate({ blocks: [{ client, clock: 0, structs }], deletes: [] });

/** The first five clocks of client 9 are said to be collected, then to be the beginning of a text. */
const COLLECTED = told(9, gc(5));
const RETOLD = told(9, text('0123456789'));

function textOf(...updates: readonly Uint8Array[]): string {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText('text').toString();
}

describe('newPart', () => {
  it('is the update itself when nothing of it is known', () => {
    const update = checkUpdate(RETOLD);
    expect(newPart(update, new Map())).toBe(update);
    expect(newPart(update, new Map([[8, 50]]))).toBe(update);
  });

  it('cuts what is known, and keeps every delete', () => {
    const update = checkUpdate(
      writeUpdate({
        blocks: [
          { client: 9, clock: 0, structs: [text('0123456789')] },
          { client: 3, clock: 0, structs: [text('other')] },
        ],
        deletes: [{ client: 9, ranges: [[1, 2]] }],
      }),
    );
    const part = newPart(update, new Map([[9, 6]]));
    expect(part.runs).toEqual([
      { client: 9, clock: 6, length: 4 },
      { client: 3, clock: 0, length: 5 },
    ]);
    expect(part.deleteSet).toEqual(update.deleteSet);
    expect(newPart(checkUpdate(RETOLD), new Map([[9, 10]])).isEmpty).toBe(true);
  });

  it('LOG9 an update that passed the guard makes Yjs throw in a document, and does not as its new part', () => {
    expect(() => textOf(COLLECTED, RETOLD)).toThrow(TypeError);
    expect(textOf(...newParts([COLLECTED, RETOLD]))).toBe('');
  });

  it('LOG2 a merge has what those have who saw the document grow, whoever tells a clock otherwise', () => {
    for (const history of [
      [RETOLD, told(9, gc(10))],
      [told(9, gc(10)), RETOLD],
      [RETOLD, told(9, gc(3), text('3456789'), gc(4))],
      [told(9, text('abc')), RETOLD, told(9, text('something else'))],
    ]) {
      const parts = newParts(history);
      expect(textOf(mergeMany(parts))).toBe(textOf(...parts));
      expect(textOf(...parts)).toBe(textOf(...history));
    }
    // Yjs' own merge prefers the later account here.
    expect(textOf(mergeMany([RETOLD, told(9, gc(10))]))).toBe('');
  });
});
