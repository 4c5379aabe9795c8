import { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { startRedis } from '../testing/services/redis-service.ts';
import { checkRedis } from './check-redis.ts';

describe('checkRedis', () => {
  it('accepts a Redis with AOF, warns of one without, and refuses one that may evict edits', async () => {
    const [durable, volatile] = await Promise.all([startRedis({ aof: true }), startRedis({ aof: false })]);
    expect(await checkRedis(durable.url)).toEqual([]);
    expect(await checkRedis(volatile.url)).toEqual([expect.stringContaining('set appendonly yes')]);
    const admin = new Redis(volatile.url);
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    await expect(checkRedis(volatile.url)).rejects.toThrow(
      'maxmemory-policy allkeys-lru): set it to noeviction',
    );
    admin.disconnect();
    await Promise.all([durable.stop(), volatile.stop()]);
  });

  it('warns of a clock that is an hour ahead of that of Redis', async () => {
    const redis = await startRedis({ aof: true });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    try {
      expect(await checkRedis(redis.url)).toEqual([expect.stringContaining('3600 s ahead of')]);
    } finally {
      vi.useRealTimers();
    }
    await redis.stop();
  });

  it('names the place of a Redis that is not there', async () => {
    await expect(checkRedis('redis://127.0.0.1:1')).rejects.toThrow('Redis is unreachable at 127.0.0.1:1');
  });
});
