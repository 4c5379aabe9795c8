import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { sampleUpdates } from '@kryton/engine/testing/sample-updates.ts';
import { seededRandom, seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { Coverage } from './coverage.ts';

const random = seededRandom(seedFor('coverage'));

describe('Coverage', () => {
  it('WIRE6 covers what was added, in any order, split or merged, and nothing else', () => {
    const { updates } = sampleUpdates(random, 200);
    const checked = random.shuffled(updates).map((update) => checkUpdate(update));
    const coverage = new Coverage();
    for (const update of checked) {
      // An update that only repeats a delete is new to nobody.
      const isNew = update.runs.length > 0;
      if (isNew) expect(coverage.covers(update)).toBe(false);
      coverage.add(update);
      expect(coverage.covers(update)).toBe(true);
    }
    expect(coverage.covers(checkUpdate(Y.mergeUpdates(updates)))).toBe(true);
    const more = new Y.Doc();
    more.getText('text').insert(0, 'new');
    expect(coverage.covers(checkUpdate(Y.encodeStateAsUpdate(more)))).toBe(false);
  });

  it('covers what stands behind a gap, and leaves it out of the state vector', () => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (const character of 'abc') doc.getText('text').insert(0, character);
    const [first, second, third] = updates.map((update) => checkUpdate(update));
    if (!first || !second || !third) throw new Error('three edits are three updates');
    const coverage = new Coverage();
    coverage.add(first);
    coverage.add(third);
    expect(coverage.covers(third)).toBe(true);
    expect(coverage.covers(second)).toBe(false);
    expect(Y.decodeStateVector(coverage.stateVector())).toEqual(new Map([[doc.clientID, 1]]));
  });

  it('SNAP4 is the same for a document that was folded, deletes included', () => {
    const { updates, whole } = sampleUpdates(random, 200);
    const [pieces, folded] = [new Coverage(), new Coverage()];
    for (const update of updates) pieces.add(checkUpdate(update));
    folded.add(checkUpdate(Y.encodeStateAsUpdate(whole)));
    expect(folded.includes(pieces)).toBe(true);
    expect(Y.decodeStateVector(folded.stateVector())).toEqual(Y.decodeStateVector(pieces.stateVector()));
    expect(new Coverage().includes(pieces)).toBe(false);
  });
});
