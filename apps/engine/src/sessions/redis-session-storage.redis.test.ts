import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { ageKeys } from '../testing/age-keys.ts';
import { eventually } from '../testing/eventually.ts';
import { startFaultProxy } from '../testing/services/fault-proxy.ts';
import { RedisSessionStorage } from './redis-session-storage.ts';
import { describeSessionStorage } from './session-storage.contract.ts';
import { SessionsUnavailable } from './session-storage.ts';

const quiet = () => {};

describeSessionStorage('Redis', async () => {
  const url = inject('redisUrl');
  const admin = new Redis(url);
  const storage = await RedisSessionStorage.connect({ url, name: 'contract-a', onError: quiet });
  const other = await RedisSessionStorage.connect({ url, name: 'contract-b', onError: quiet });
  return {
    storage,
    other,
    pass: (ms, ...keys) =>
      ageKeys(
        admin,
        keys.map((key) => `kry:auth:${key}`),
        ms,
      ),
    stop: async () => {
      await Promise.all([storage.close(), other.close()]);
      admin.disconnect();
    },
  };
});

describe('RedisSessionStorage', () => {
  it('has its keys under kry:auth:', async () => {
    const url = inject('redisUrl');
    const admin = new Redis(url);
    const storage = await RedisSessionStorage.connect({ url, name: 'session-keys', onError: quiet });
    const name = randomUUID();
    await storage.set(`set-${name}`, 'value', 60);
    await storage.increment(`count-${name}`, 60);
    expect((await admin.keys(`*${name}`)).toSorted()).toEqual([
      `kry:auth:count-${name}`,
      `kry:auth:set-${name}`,
    ]);
    await storage.close();
    admin.disconnect();
  });

  it('rejects in bounded time while Redis does not answer, and answers again when it is back', async () => {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    const url = `redis://127.0.0.1:${proxy.port}`;
    const storage = await RedisSessionStorage.connect({ url, name: 'held', onError: quiet });
    const key = randomUUID();
    await storage.set(key, 'value', 60);
    proxy.hold('toClient');
    const startedAt = performance.now();
    await expect(storage.get(key)).rejects.toBeInstanceOf(SessionsUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    proxy.cut();
    await eventually(
      () =>
        storage.increment(key, 60).then(
          () => false,
          (error: unknown) => error instanceof SessionsUnavailable,
        ),
      { what: 'it is refused at once' },
    );
    proxy.mend();
    expect(await eventually(() => storage.get(key), { what: 'it answers again', withinMs: 10_000 })).toBe(
      'value',
    );
    await storage.close();
    await proxy.close();
  });
});
