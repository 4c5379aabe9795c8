import { randomUUID } from 'node:crypto';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { describe, expect, it } from 'vitest';
import { StoreMetrics } from './store-metrics.ts';

describe('StoreMetrics', () => {
  it('say what Redis and the queue say, and nothing of a Redis that is away', async () => {
    const redis = await startRedis({ aof: true });
    const store = await BullMqJobQueue.connect({ url: redis.url, name: 'metrics', onError: () => {} });
    const set = new MetricSet('worker-1');
    const metrics = new StoreMetrics(set, { store, timers: systemTimers, wallClock: Date.now });
    const value = async (series: string): Promise<number> => {
      const text = await set.registry.metrics();
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(series))
          ?.split(' ')[1],
      );
    };
    await store.scheduleFold(parseDocId(randomUUID()) ?? expect.fail('a document id'), 60_000);

    await metrics.ask();
    expect(await value('kryton_redis_up')).toBe(1);
    expect(await value('kryton_redis_aof_on')).toBe(1);
    expect(await value('kryton_redis_aof_healthy')).toBe(1);
    expect(await value('kryton_redis_noeviction')).toBe(1);
    expect(await value('kryton_redis_memory_bytes')).toBeGreaterThan(100_000);
    expect(await value('kryton_redis_memory_limit_bytes')).toBeGreaterThan(1_000_000);
    expect(Math.abs(await value('kryton_redis_clock_offset_seconds'))).toBeLessThan(5);
    expect(await value('kryton_jobs{state="delayed"')).toBe(1);
    expect(await value('kryton_jobs{state="failed"')).toBe(0);

    await redis.stop();
    await metrics.ask();
    expect(await value('kryton_redis_up')).toBe(0);
    expect(await value('kryton_redis_aof_on')).toBeNaN();
    expect(await value('kryton_jobs{state="delayed"')).toBeNaN();
    await store.close();
  });
});
