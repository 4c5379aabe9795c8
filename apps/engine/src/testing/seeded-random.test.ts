import { afterEach, expect, it, vi } from 'vitest';
import { seededRandom, seedFor } from './seeded-random.ts';

afterEach(() => vi.unstubAllEnvs());

it('gives the same numbers for the same seed and others for another', () => {
  const draw = (seed: number) => Array.from({ length: 20 }, seededRandom(seed).next);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(draw(1).every((value) => value >= 0 && value < 1)).toBe(true);
});

it('shuffles without losing anything', () => {
  const list = Array.from({ length: 50 }, (_, index) => index);
  const shuffled = seededRandom(5).shuffled(list);
  expect(shuffled).not.toEqual(list);
  expect(shuffled.toSorted((a, b) => a - b)).toEqual(list);
});

it('takes SEED from the environment, prints it, and refuses one that is not a number', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  vi.stubEnv('SEED', '42');
  expect(seedFor('a walk')).toBe(42);
  expect(log).toHaveBeenCalledWith('seed of "a walk": 42 (SEED=42 repeats it)');
  vi.stubEnv('SEED', 'lucky');
  expect(() => seedFor('a walk')).toThrow('SEED must be an integer');
  log.mockRestore();
});
