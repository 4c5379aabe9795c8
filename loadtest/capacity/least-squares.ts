const SWEEPS = 20_000;
const SETTLED = 1e-12;

/**
 * The costs, none below 0, with which the sum over each row comes closest to what was measured for it. Each row is an
 * equation `row · costs = measured`, weighed by its own size: 10 % off counts the same for a small and a large one.
 * Coordinate by coordinate, which ends in the minimum because the problem is convex.
 */
export function nonNegativeLeastSquares(
  rows: readonly (readonly number[])[],
  measured: readonly number[],
): number[] {
  const weighed = rows.map((row, index) => row.map((value) => value / (measured[index] ?? 1)));
  const columns = rows[0]?.length ?? 0;
  const scale = Array.from({ length: columns }, (_, at) =>
    Math.max(...weighed.map((row) => Math.abs(row[at] ?? 0))),
  );
  const costs = new Array<number>(columns).fill(0);
  /** What each row still lacks to 1. */
  const lacks = weighed.map(() => 1);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let moved = 0;
    for (const [at, largest] of scale.entries()) {
      if (largest === 0) continue;
      const column = weighed.map((row) => row[at] ?? 0);
      const square = column.reduce((sum, value) => sum + value * value, 0);
      const pull = column.reduce((sum, value, row) => sum + value * (lacks[row] ?? 0), 0);
      const before = costs[at] ?? 0;
      const after = Math.max(0, before + pull / square);
      costs[at] = after;
      for (const [row, value] of column.entries()) lacks[row] = (lacks[row] ?? 0) - value * (after - before);
      moved = Math.max(moved, Math.abs(after - before) * largest);
    }
    if (moved < SETTLED) break;
  }
  return costs;
}
