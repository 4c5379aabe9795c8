import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CountersUnavailable, type SharedCounters } from './shared-counters.ts';

export type CountersUnderTest = {
  readonly counters: SharedCounters;
  /** Another process's view of the same counts; the counters themselves where there is only one process. */
  readonly other: SharedCounters;
  /** Lets `ms` pass for these keys. */
  readonly pass: (ms: number, ...keys: string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const MINUTE_MS = 60_000;

/** What all shared counters guarantee (see `shared-counters.ts`), as tests; `start` makes fresh ones. */
export function describeSharedCounters(name: string, start: () => Promise<CountersUnderTest>): void {
  describe(`shared counters: ${name}`, () => {
    let under: CountersUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.stop());

    it('adds to each key and answers in the order asked', async () => {
      const [a, b] = [randomUUID(), randomUUID()];
      const one = { key: a, amount: 1, ttlMs: MINUTE_MS };
      const many = { key: b, amount: 1_000_000, ttlMs: MINUTE_MS };
      expect(await under.counters.add([one, many])).toEqual([1, 1_000_000]);
      expect(await under.other.add([many, one, one])).toEqual([2_000_000, 2, 3]);
      expect(await under.counters.add([])).toEqual([]);
    });

    it('loses no addition of any process', async () => {
      const keys = Array.from({ length: 50 }, () => randomUUID());
      const additions = keys.map((key, i) => ({ key, amount: i + 1, ttlMs: MINUTE_MS }));
      const adders = Array.from({ length: 20 }, (_, i) => (i % 2 ? under.counters : under.other));
      await Promise.all(adders.map((adder) => adder.add(additions)));
      expect(await under.counters.add(additions)).toEqual(keys.map((_, i) => (i + 1) * 21));
    });

    it('forgets a count its time after the first addition to it', async () => {
      const [key, still] = [randomUUID(), randomUUID()];
      const one = { key, amount: 1, ttlMs: MINUTE_MS };
      const other = { key: still, amount: 1, ttlMs: 2 * MINUTE_MS };
      await under.counters.add([one, other]);
      await under.pass(MINUTE_MS / 2, key, still);
      expect(await under.other.add([one])).toEqual([2]);
      await under.pass(MINUTE_MS / 2, key, still);
      expect(await under.counters.add([one, other])).toEqual([1, 2]);
    });

    // Last, because nothing answers afterwards.
    it('rejects what is asked of it when it is closed', async () => {
      await under.counters.close();
      const addition = { key: 'any', amount: 1, ttlMs: MINUTE_MS };
      await expect(under.counters.add([addition])).rejects.toBeInstanceOf(CountersUnavailable);
    });
  });
}
