import { describe, expect, it } from 'vitest';
import { simulate } from './simulation.ts';

/** Seeds that once broke the promise, and by what. They stay, although what they do changes with the product. */
const FOUND: readonly (readonly [seed: number, what: string])[] = [
  [
    3565,
    'LOG3 SNAP7 who stood still between snapshot and log, while the log left the store, served half a document',
  ],
  [9, 'LOG3 SNAP7 an epoch that began behind a folded document could not be read after it was covered'],
  [1025, 'LOG2 LOG3 a resync passed over what only the base state had and no member was fed'],
  [1319, 'LOG3 a node forgot that it had appended what never came back to it, and did not see its loss'],
  [
    5648,
    'LOG2 LOG3 a member that joined in a later epoch was believed to hold what the log had lost of an earlier one',
  ],
];

describe('seeds that found something', () => {
  it.each(FOUND)('%i: %s', async (seed) => {
    expect((await simulate(seed)).problems).toEqual([]);
  });
});
