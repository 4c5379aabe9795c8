import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
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

  it('names the place of a Redis that is not there', async () => {
    await expect(checkRedis('redis://127.0.0.1:1')).rejects.toThrow('Redis is unreachable at 127.0.0.1:1');
  });
});
