import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fuzzNode } from './fuzz-node.ts';
import { memoryGrowth } from './memory-growth.ts';

const DURATION_MS = 50_000;

describe('a node under fuzzing', () => {
  let redis: RedisService;
  let postgres: PostgresService;
  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis({ aof: false }), startPostgres()]);
  });
  afterAll(async () => {
    await Promise.all([redis.stop(), postgres.stop()]);
  });

  it('LOG9 ROOM4 hostile messages neither end it nor disturb others nor make its memory grow', {
    timeout: 150_000,
  }, async () => {
    const seed = seedFor('fuzzing a node');
    const urls = { redisUrl: redis.url, postgresUrl: postgres.url };
    const { attack, updates, memoryBytes } = await fuzzNode({ ...urls, seed, durationMs: DURATION_MS });
    expect(attack.messages).toBeGreaterThan(1_000);
    expect(attack.closed.get(4400) ?? 0).toBeGreaterThan(10);
    expect(updates?.accepted ?? 0).toBeGreaterThan(100);
    expect(memoryGrowth(memoryBytes).ratio).toBeLessThan(1.5);
  });
});
