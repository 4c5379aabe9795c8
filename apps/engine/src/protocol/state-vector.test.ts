import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { sampleUpdates } from '../testing/sample-updates.ts';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import {
  addDeletes,
  bringsNothingNew,
  type DeletedRanges,
  decodeStateVector,
  encodeStateVector,
  extendStateVector,
  mergeInto,
  type StateVector,
} from './state-vector.ts';
import { checkUpdate } from './update-guard.ts';

const run = (client: number, clock: number, length: number) => ({ runs: [{ client, clock, length }] });

describe('state vectors', () => {
  it('WIRE2 a run behind a gap does not count until the gap is filled', () => {
    const vector: StateVector = new Map([[1, 5]]);
    extendStateVector(vector, run(1, 6, 10));
    extendStateVector(vector, run(2, 1, 1));
    expect(vector).toEqual(new Map([[1, 5]]));
    extendStateVector(vector, run(1, 3, 3));
    extendStateVector(vector, run(1, 0, 2));
    extendStateVector(vector, run(2, 0, 1));
    expect(vector).toEqual(
      new Map([
        [1, 6],
        [2, 1],
      ]),
    );
  });

  it('WIRE2 follows a document update by update', () => {
    const random = seededRandom(seedFor('state vector of a document'));
    const { updates } = sampleUpdates(random, 200);
    const doc = new Y.Doc();
    const vector: StateVector = new Map();
    for (const update of updates) {
      Y.applyUpdate(doc, update);
      extendStateVector(vector, checkUpdate(update));
      expect(encodeStateVector(vector)).toEqual(Y.encodeStateVector(doc));
    }
    expect(decodeStateVector(Y.encodeStateVector(doc))).toEqual(vector);
    const raised: StateVector = new Map([[1, 9]]);
    mergeInto(raised, vector);
    mergeInto(raised, new Map([[1, 3]]));
    expect(raised).toEqual(new Map([[1, 9], ...vector]));
  });

  it('encodes the empty vector and refuses a damaged one', () => {
    expect(encodeStateVector(new Map())).toEqual(Uint8Array.of(0));
    expect(() => decodeStateVector(Uint8Array.of(1, 1))).toThrow(/cannot be read/);
  });
});

describe('deleted ranges', () => {
  it('agree with a list of single clocks, in small and in large portions', () => {
    const random = seededRandom(seedFor('deleted ranges'));
    for (let round = 0; round < 200; round++) {
      const clocks = new Set<number>();
      const ranges: DeletedRanges = new Map();
      for (let portion = 0; portion < 10; portion++) {
        const added: [number, number][] = [];
        let clock = random.int(20);
        for (let i = random.int(random.chance(0.3) ? 30 : 5); i > 0; i--) {
          const length = 1 + random.int(4);
          added.push([clock, length]);
          for (let at = clock; at < clock + length; at++) clocks.add(at);
          clock += length + random.int(5);
        }
        addDeletes(ranges, new Map([[1, added]]));
        const listed = ranges.get(1) ?? [];
        expect(listed.flatMap(([at, length]) => Array.from({ length }, (_, i) => at + i))).toEqual(
          [...clocks].sort((a, b) => a - b),
        );
        for (const [i, [at]] of listed.entries()) {
          const before = listed[i - 1];
          if (before) expect(at).toBeGreaterThan(before[0] + before[1]);
        }
        const probe: [number, number] = [random.int(60), 1 + random.int(6)];
        const isKnown = Array.from({ length: probe[1] }, (_, i) => probe[0] + i).every((at) =>
          clocks.has(at),
        );
        expect(bringsNothingNew({ runs: [], deleteSet: new Map([[1, [probe]]]) }, new Map(), ranges)).toBe(
          isKnown,
        );
      }
    }
  });
});

describe('bringsNothingNew', () => {
  it('WIRE6 knows the answer of a client that has nothing to tell, and every change from it', () => {
    const random = seededRandom(seedFor('nothing new'));
    const { updates, whole } = sampleUpdates(random, 150);
    const vector: StateVector = new Map();
    const ranges: DeletedRanges = new Map();
    let news = 0;
    const known = (update: Uint8Array) => bringsNothingNew(checkUpdate(update), vector, ranges);
    for (const update of updates) {
      if (!known(update)) news += 1;
      const checked = checkUpdate(update);
      extendStateVector(vector, checked);
      addDeletes(ranges, checked.deleteSet);
      expect(known(update)).toBe(true);
    }
    // Not all: two authors may have deleted the same thing.
    expect(news).toBeGreaterThan(updates.length / 2);
    // A replica also deletes on its own account (what lost against a concurrent write, or came into something that
    // was deleted meanwhile), so the first answer may tell of deletes that no update held; the next ones do not.
    const answer = Y.encodeStateAsUpdate(whole, Y.encodeStateVector(whole));
    addDeletes(ranges, checkUpdate(answer).deleteSet);
    expect(checkUpdate(answer).runs).toEqual([]);
    expect(known(answer)).toBe(true);
    expect(known(Y.encodeStateAsUpdate(whole))).toBe(true);
    const text = whole.getText('text');
    text.insert(0, 'new');
    expect(known(Y.encodeStateAsUpdate(whole, encodeStateVector(vector)))).toBe(false);
    extendStateVector(vector, checkUpdate(Y.encodeStateAsUpdate(whole)));
    expect(known(Y.encodeStateAsUpdate(whole))).toBe(true);
    text.delete(0, 1);
    expect(known(Y.encodeStateAsUpdate(whole, encodeStateVector(vector)))).toBe(false);
  });
});
