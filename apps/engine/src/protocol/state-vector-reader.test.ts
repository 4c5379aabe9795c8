import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { checkStateVector } from './update-guard.ts';
import { UpdateRefused } from './update-refused.ts';

describe('checkStateVector', () => {
  const entries = (...pairs: [number, number][]) =>
    encoding.encode((e) => {
      encoding.writeVarUint(e, pairs.length);
      for (const number of pairs.flat()) encoding.writeVarUint(e, number);
    });
  const refusalOf = (bytes: Uint8Array) => {
    try {
      return checkStateVector(bytes);
    } catch (error) {
      return error instanceof UpdateRefused ? error.code : error;
    }
  };

  it('reads what Yjs writes', () => {
    const doc = new Y.Doc();
    doc.clientID = 5;
    doc.getText('t').insert(0, 'eight ch');
    expect(checkStateVector(Y.encodeStateVector(doc))).toEqual(new Map([[5, 8]]));
    expect(checkStateVector(Uint8Array.of(0))).toEqual(new Map());
  });

  it('refuses bombs and damage', () => {
    expect(refusalOf(encoding.encode((e) => encoding.writeVarUint(e, 60_001)))).toBe(
      'state-vector-too-large',
    );
    expect(refusalOf(new Uint8Array(512 * 1024 + 1))).toBe('state-vector-too-large');
    expect(refusalOf(encoding.encode((e) => encoding.writeVarUint(e, 9)))).toBe('unreadable');
    expect(refusalOf(Uint8Array.of())).toBe('unreadable');
    expect(refusalOf(entries([1, 2 ** 31 + 1]))).toBe('clock-too-large');
    expect(refusalOf(entries([1, 2], [1, 3]))).toBe('repeated-client');
    expect(refusalOf(Uint8Array.of(0, 0))).toBe('trailing-bytes');
  });
});
