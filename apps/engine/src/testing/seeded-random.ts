import { randomInt } from 'node:crypto';

/** A stream of random numbers that its seed determines. */
export type SeededRandom = {
  readonly seed: number;
  /** In [0, 1). */
  next(): number;
  /** An integer in [0, below). */
  int(below: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of `choices`; throws a RangeError on an empty list. */
  pick<T>(choices: readonly T[]): T;
  /** A shuffled copy. */
  shuffled<T>(list: readonly T[]): T[];
  bytes(length: number): Uint8Array;
};

const TWO_TO_32 = 2 ** 32;

/** mulberry32 (Tommy Ettinger, public domain): 32 bits of state, fast, good enough for tests and not for secrets. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / TWO_TO_32;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    seed,
    next,
    int,
    chance: (probability) => next() < probability,
    pick<T>(choices: readonly T[]): T {
      if (choices.length === 0) throw new RangeError('nothing to pick from: the list is empty');
      return choices[int(choices.length)] as T;
    },
    shuffled<T>(list: readonly T[]): T[] {
      const keyed = list.map((item) => ({ item, key: next() }));
      return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
    },
    bytes: (length) => Uint8Array.from({ length }, () => int(256)),
  };
}

/**
 * The seed of the randomised test `name`: that of the environment variable `SEED` when set, else a fresh one. It is
 * printed, so that a failure can be repeated. Throws a RangeError when `SEED` is not an integer in [0, 2^32).
 */
export function seedFor(name: string): number {
  const given = process.env['SEED'];
  const seed = given === undefined || given === '' ? randomInt(TWO_TO_32) : Number(given);
  if (!Number.isInteger(seed) || seed < 0 || seed >= TWO_TO_32) {
    throw new RangeError(`SEED must be an integer from 0 to 4294967295, not "${given}"`);
  }
  console.log(`seed of "${name}": ${seed} (SEED=${seed} repeats it)`);
  return seed;
}
