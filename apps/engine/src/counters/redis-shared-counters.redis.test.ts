import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { ageKeys } from '../testing/age-keys.ts';
import { startFaultProxy } from '../testing/services/fault-proxy.ts';
import { RedisSharedCounters } from './redis-shared-counters.ts';
import { describeSharedCounters } from './shared-counters.contract.ts';
import { CountersUnavailable } from './shared-counters.ts';

const quiet = () => {};

describeSharedCounters('Redis', async () => {
  const url = inject('redisUrl');
  const admin = new Redis(url);
  const counters = await RedisSharedCounters.connect({ url, name: 'contract-a', onError: quiet });
  const other = await RedisSharedCounters.connect({ url, name: 'contract-b', onError: quiet });
  return {
    counters,
    other,
    pass: (ms, ...keys) =>
      ageKeys(
        admin,
        keys.map((key) => `kry:rate:${key}`),
        ms,
      ),
    stop: async () => {
      await Promise.all([counters.close(), other.close()]);
      admin.disconnect();
    },
  };
});

describe('RedisSharedCounters', () => {
  it('sends all additions of a call together, to keys under kry:rate: that all have an end', async () => {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    const url = `redis://127.0.0.1:${proxy.port}`;
    const counters = await RedisSharedCounters.connect({ url, name: 'together', onError: quiet });
    const admin = new Redis(inject('redisUrl'));
    const name = randomUUID();
    const additions = Array.from({ length: 100 }, (_, i) => ({
      key: `${name}-${i}`,
      amount: 1,
      ttlMs: 60_000,
    }));
    // There and back takes 200 ms: one after the other would take 20 s.
    proxy.delay(100);
    const startedAt = performance.now();
    await counters.add(additions);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    const keys = await admin.keys(`*${name}*`);
    expect(keys.toSorted()).toEqual(additions.map(({ key }) => `kry:rate:${key}`).toSorted());
    for (const key of keys) expect(await admin.pttl(key)).toBeGreaterThan(50_000);
    admin.disconnect();
    await counters.close();
    await proxy.close();
  });

  it('rejects in bounded time while Redis does not answer', async () => {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    const url = `redis://127.0.0.1:${proxy.port}`;
    const counters = await RedisSharedCounters.connect({ url, name: 'held', onError: quiet });
    proxy.hold('toClient');
    const startedAt = performance.now();
    const addition = { key: randomUUID(), amount: 1, ttlMs: 1_000 };
    await expect(counters.add([addition])).rejects.toBeInstanceOf(CountersUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await counters.close();
    await proxy.close();
  });
});
