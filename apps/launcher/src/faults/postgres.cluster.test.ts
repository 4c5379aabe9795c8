import { setTimeout as pause } from 'node:timers/promises';
import { logKey } from '@kryton/engine/log/keys.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { lastingMs } from '../testing/lasting.ts';
import { expectPromiseKept } from '../testing/promise.ts';

const AWAY_MS = lastingMs(300_000, 12_000);
/** A fold that was committed just before is trimmed after, and a node sees that when it next compares tails. */
const LAST_FOLD_SEEN_MS = 8_000;

describe('PostgreSQL trouble under thirty editing clients', { timeout: AWAY_MS + 120_000 }, () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  let redis: Redis;
  beforeAll(async () => {
    // Folded entries leave the log at once, so that trimming shows in its length.
    cluster = await startFaultCluster({ nodes: 3, env: { LOG_KEEP_SECONDS: '0' } });
    redis = new Redis(cluster.redisUrl);
  });
  afterEach(() => crowd.close());
  afterAll(async () => {
    await redis.quit();
    await cluster.stop();
  });

  it.each([
    { how: 'cut off', fail: 'cut' },
    { how: 'connected and silent', fail: 'hold' },
  ] as const)(
    'SNAP3 SNAP5 PostgreSQL $how: editing and acknowledging go on, nothing is trimmed, it is folded after',
    async ({ how, fail }) => {
      const docIds = ['a', 'b', 'c'].map((letter) => `${letter}-${fail}`);
      const logs = docIds.map((docId) => logKey(parseDocId(docId) ?? expect.fail('a document id')));
      const lengths = () => Promise.all(logs.map((key) => redis.xlen(key)));
      crowd = new Crowd({
        clients: 30,
        docIds,
        bases: cluster.bases,
        as: cluster.somebody,
        seed: seedFor(`PostgreSQL ${how}`),
        everyMs: 500,
      });
      await crowd.synced();
      crowd.startEditing();
      await crowd.progress(50);
      const parts = [...cluster.nodes, ...cluster.workers];
      for (const { toPostgres } of parts) fail === 'cut' ? toPostgres.cut() : toPostgres.hold('toClient');
      const since = performance.now();
      // A commit that was already on its way may still be followed by its trim.
      await pause(2_000);
      let before = await lengths();
      while (performance.now() - since < AWAY_MS) {
        await crowd.progress(50, 5_000);
        const now = await lengths();
        for (const [index, length] of now.entries())
          expect(length).toBeGreaterThanOrEqual(before[index] ?? 0);
        before = now;
      }
      const slowestAckMs = Math.round(Math.max(...crowd.ackTimes(since)));
      expect(slowestAckMs).toBeLessThan(2_000);
      const oldest = await Promise.all(
        cluster.nodes.map((node) => node.metric('kryton_oldest_unfolded_seconds')),
      );
      expect(Math.min(...oldest)).toBeGreaterThan((AWAY_MS - LAST_FOLD_SEEN_MS) / 1_000);
      expect(await Promise.all(cluster.nodes.map((node) => node.isReady()))).toEqual([true, true, true]);
      crowd.stopEditing();
      for (const { toPostgres } of parts) toPostgres.mend();
      const mendedAt = performance.now();
      await eventually(async () => (await lengths()).every((length) => length === 0), {
        what: 'everything is folded and trimmed',
        withinMs: 60_000,
        everyMs: 100,
      });
      const foldedMs = Math.round(performance.now() - mendedAt);
      await expectPromiseKept(cluster, crowd);
      recordRecovery(`PostgreSQL ${how} for ${AWAY_MS / 1_000} s`, { slowestAckMs, foldedMs });
    },
  );
});
