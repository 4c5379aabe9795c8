export type MemoryGrowth = {
  readonly earlyBytes: number;
  readonly lateBytes: number;
  readonly ratio: number;
};

/**
 * Whether memory grows: its least in the last fifth of the samples against its least in the second fifth, when
 * everything has been used once. The least, because what is above it is garbage that was not collected yet.
 */
export function memoryGrowth(samples: readonly number[]): MemoryGrowth {
  const fifth = Math.floor(samples.length / 5);
  if (fifth === 0) throw new RangeError(`${samples.length} samples of memory say nothing; five are needed`);
  const earlyBytes = Math.min(...samples.slice(fifth, 2 * fifth));
  const lateBytes = Math.min(...samples.slice(-fifth));
  return { earlyBytes, lateBytes, ratio: lateBytes / earlyBytes };
}
