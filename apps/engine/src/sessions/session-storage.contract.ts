import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SessionStorage, SessionsUnavailable } from './session-storage.ts';

export type SessionsUnderTest = {
  readonly storage: SessionStorage;
  /** Another process's view of the same storage; the storage itself where there is only one process. */
  readonly other: SessionStorage;
  /** Lets `ms` pass for these keys. */
  readonly pass: (ms: number, ...keys: string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** What every session storage guarantees (see `session-storage.ts`), as tests; `start` makes a fresh one. */
export function describeSessionStorage(name: string, start: () => Promise<SessionsUnderTest>): void {
  describe(`session storage: ${name}`, () => {
    let under: SessionsUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(() => under.stop());

    it('gives back what was set, in every process, until it is deleted', async () => {
      const key = randomUUID();
      expect(await under.storage.get(key)).toBeNull();
      await under.storage.set(key, '{"name":"Zoë 🦉"}', 60);
      expect(await under.other.get(key)).toBe('{"name":"Zoë 🦉"}');
      await under.other.set(key, '');
      expect(await under.storage.get(key)).toBe('');
      await under.storage.delete(key);
      await under.storage.delete(key);
      expect(await under.other.get(key)).toBeNull();
    });

    it('forgets a value when its time is up', async () => {
      const [short, long, endless, over] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
      await under.storage.set(short, 'short', 60);
      await under.storage.set(long, 'long', 90);
      await under.storage.set(endless, 'endless', 60);
      await under.storage.set(endless, 'endless');
      await under.storage.set(over, 'before', 60);
      await under.storage.set(over, 'over', 0);
      expect(await under.storage.get(short)).toBe('short');
      expect(await under.storage.get(over)).toBeNull();
      await under.pass(60_000, short, long, endless);
      expect(await under.other.get(short)).toBeNull();
      expect(await under.storage.getAndDelete(short)).toBeNull();
      expect(await under.storage.get(long)).toBe('long');
      expect(await under.storage.get(endless)).toBe('endless');
    });

    it('hands a value to one taker only', async () => {
      const key = randomUUID();
      await under.storage.set(key, 'once', 60);
      const takers = Array.from({ length: 20 }, (_, i) => (i % 2 ? under.storage : under.other));
      const taken = await Promise.all(takers.map((taker) => taker.getAndDelete(key)));
      expect(taken.filter((value) => value !== null)).toEqual(['once']);
      expect(await under.storage.get(key)).toBeNull();
    });

    it('counts every increment of every process', async () => {
      const key = randomUUID();
      const adders = Array.from({ length: 100 }, (_, i) => (i % 2 ? under.storage : under.other));
      const sums = await Promise.all(adders.map((adder) => adder.increment(key, 60)));
      expect(sums.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
      expect(await under.storage.get(key)).toBe('100');
    });

    it('counts the time of a count from its first increment', async () => {
      const key = randomUUID();
      await under.storage.increment(key, 60);
      await under.pass(30_000, key);
      expect(await under.other.increment(key, 60)).toBe(2);
      await under.pass(30_000, key);
      expect(await under.storage.get(key)).toBeNull();
      expect(await under.storage.increment(key, 60)).toBe(1);
    });

    // Last, because nothing answers afterwards.
    it('rejects what is asked of it when it is closed', async () => {
      await under.storage.close();
      await expect(under.storage.get('any')).rejects.toBeInstanceOf(SessionsUnavailable);
      await expect(under.storage.set('any', 'x', 1)).rejects.toBeInstanceOf(SessionsUnavailable);
      await expect(under.storage.delete('any')).rejects.toBeInstanceOf(SessionsUnavailable);
      await expect(under.storage.getAndDelete('any')).rejects.toBeInstanceOf(SessionsUnavailable);
      await expect(under.storage.increment('any', 1)).rejects.toBeInstanceOf(SessionsUnavailable);
    });
  });
}
