import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { fuzzUpdates } from '../testing/fuzz/fuzz-updates.ts';
import { asYjsReads } from '../testing/fuzz/update-oracle.ts';
import { sampleUpdates } from '../testing/sample-updates.ts';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import { mergeMany } from './merge-updates.ts';
import { checkUpdate } from './update-guard.ts';

/** About ten seconds on the machine of the first measurement; `npm run fuzz` searches for longer. */
const MUTANTS = 30_000;

describe('the update guard against Yjs', () => {
  it('accepts everything that Yjs writes, and reads in it what Yjs reads', () => {
    const random = seededRandom(seedFor('guard, honest updates'));
    const { updates, whole } = sampleUpdates(random, 400);
    const state = Y.encodeStateAsUpdate(whole);
    const thinned = updates.filter(() => random.chance(0.7));
    const pending = new Y.Doc();
    for (const update of random.shuffled(thinned)) Y.applyUpdate(pending, update);
    const honest = [...updates, state, mergeMany(thinned), Y.encodeStateAsUpdate(pending)];
    for (const update of honest) expect(checkUpdate(update)).toMatchObject(asYjsReads(update));
  });

  it('what passes applies to any document, and the document can be written and loaded again', {
    timeout: 60_000,
  }, async () => {
    const random = seededRandom(seedFor('guard, mutants'));
    const { accepted, among } = await fuzzUpdates(random, ({ tried }) => tried < MUTANTS);
    expect(accepted).toBeGreaterThan(MUTANTS / 20);
    expect(among).toBeGreaterThan(accepted / 20);
  });
});
