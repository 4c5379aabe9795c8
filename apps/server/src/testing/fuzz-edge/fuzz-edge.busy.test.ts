import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memoryGrowth } from '../fuzz/memory-growth.ts';
import { fuzzEdge } from './fuzz-edge.ts';

const DURATION_MS = 30_000;

describe('the edge under fuzzing', () => {
  let redis: RedisService;
  let postgres: PostgresService;
  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis({ aof: false }), startPostgres()]);
  });
  afterAll(async () => {
    await Promise.all([redis.stop(), postgres.stop()]);
  });

  it('answers every request and every handshake, whatever it is sent, with no fault of its own', async () => {
    const seed = seedFor('fuzzing the edge');
    const urls = { redisUrl: redis.url, postgresUrl: postgres.url };
    const figures = await fuzzEdge({ ...urls, seed, durationMs: DURATION_MS });
    expect(figures.requests).toBeGreaterThan(200);
    expect(figures.handshakes).toBeGreaterThan(200);
    for (const status of [101, 200, 400, 401, 403, 404])
      expect(figures.statuses.get(status) ?? 0).toBeGreaterThan(0);
    expect(memoryGrowth(figures.heapBytes).ratio).toBeLessThan(1.5);
  });
});
