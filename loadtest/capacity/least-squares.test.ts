import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares } from './least-squares.ts';

describe('non-negative least squares', () => {
  it('finds the costs that rows were made of, over several orders of magnitude', () => {
    const costs = [10_000, 400, 0.02];
    const rows = [
      [1, 1, 500],
      [1, 20, 100],
      [2, 100, 90_000],
      [4, 300, 1_000],
      [1, 0, 600_000],
    ];
    const measured = rows.map((row) => row.reduce((sum, value, at) => sum + value * (costs[at] ?? 0), 0));
    const found = nonNegativeLeastSquares(rows, measured);
    for (const [at, cost] of costs.entries()) expect(found[at]).toBeCloseTo(cost, 3);
  });

  it('gives 0 rather than a cost below it', () => {
    const found = nonNegativeLeastSquares(
      [
        [1, 1],
        [1, 2],
        [1, 3],
      ],
      [10, 9, 8],
    );
    expect(found[1]).toBe(0);
    expect(found[0]).toBeGreaterThan(8);
  });
});
