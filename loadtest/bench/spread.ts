/** Several measurements of the same: `value` is the median, the lower one of the two in the middle. */
export type Spread = { readonly value: number; readonly lowest: number; readonly highest: number };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  return { value, lowest: sorted[0] ?? value, highest: sorted.at(-1) ?? value };
}
