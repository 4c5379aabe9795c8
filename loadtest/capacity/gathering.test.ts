import { describe, expect, it } from 'vitest';
import { batchesPerS } from './gathering.ts';

const CHEAP = 10e-6;
const DEAR = 5e-3;

describe('batches of a document', () => {
  it('are the edits themselves while sending costs nothing to speak of', () => {
    expect(batchesPerS({ editsPerS: 2, appending: 1, fanOutS: CHEAP })).toBeCloseTo(2, 2);
    expect(batchesPerS({ editsPerS: 0, appending: 1, fanOutS: CHEAP })).toBe(0);
  });

  it('are twenty a second and node at most, once the window is at its widest', () => {
    expect(batchesPerS({ editsPerS: 1_000, appending: 2, fanOutS: DEAR })).toBeCloseTo(20, 1);
  });

  it('become fewer an edit the more edits there are and the dearer sending is', () => {
    const share = (editsPerS: number, fanOutS: number) =>
      batchesPerS({ editsPerS, appending: 2, fanOutS }) / editsPerS;
    expect(share(20, 1e-3)).toBeLessThan(share(5, 1e-3));
    expect(share(20, 1e-3)).toBeLessThan(share(20, CHEAP));
  });
});
