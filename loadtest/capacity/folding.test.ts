import { describe, expect, it } from 'vitest';
import { folding } from './folding.ts';

describe('folding a document', () => {
  it('comes after each edit where edits are far apart, with one job for each', () => {
    const { foldsPerS, jobsPerS } = folding(1 / 1_000);
    expect(foldsPerS).toBeCloseTo(1 / 1_005, 6);
    expect(jobsPerS / foldsPerS).toBeCloseTo(1, 2);
    expect(folding(0)).toEqual({ foldsPerS: 0, jobsPerS: 0 });
  });

  it('comes every 25 s under continuous editing, however fast, and looks a few times in between', () => {
    for (const editsPerS of [3, 1_000]) {
      const { foldsPerS, jobsPerS } = folding(editsPerS);
      expect(1 / foldsPerS).toBeCloseTo(25, 1);
      expect(jobsPerS / foldsPerS).toBeCloseTo(4.3, 1);
    }
  });

  it('never comes less often for more edits', () => {
    const often = [0.001, 0.01, 0.05, 0.1].map((editsPerS) => folding(editsPerS).foldsPerS);
    expect(often).toEqual(often.toSorted((a, b) => a - b));
  });
});
