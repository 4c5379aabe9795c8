import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { lastingMs } from '../testing/lasting.ts';
import { expectPromiseKept } from '../testing/promise.ts';

const AWAY_S = [...new Set([20, lastingMs(60, 20)])];
/** What a node may grow by while Redis is away: 30 clients, a few hundred edits of 20 bytes, and what Node keeps. */
const GROWTH_BYTES = 64 * 1024 * 1024;

describe('Redis trouble under thirty editing clients', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  let run = 0;
  beforeAll(async () => {
    cluster = await startFaultCluster({ nodes: 3 });
  });
  afterEach(() => crowd.close());
  afterAll(() => cluster.stop());

  const edit = async (name: string) => {
    run += 1;
    const docIds = ['a', 'b', 'c'].map((letter) => `${letter}-${run}`);
    crowd = new Crowd({
      clients: 30,
      docIds,
      bases: cluster.bases,
      as: cluster.somebody,
      seed: seedFor(name),
    });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(100);
  };
  const memory = () => cluster.nodes.reduce((sum, node) => sum + node.memoryBytes(), 0);

  it('LOG6 Redis killed with -9 and restarted: editing goes on within 5 s of its return', async () => {
    await edit('Redis killed');
    await cluster.crashRedis();
    const from = crowd.acknowledged;
    // What was on its way when Redis died may still arrive; after that nothing can be acknowledged.
    await eventually(async () => !(await cluster.nodes[0]?.isReady()), {
      what: 'nodes notice',
      withinMs: 10_000,
    });
    const away = crowd.acknowledged;
    expect(away - from).toBeLessThan(60);
    await cluster.startRedis();
    const backAt = performance.now();
    await crowd.progress(30, 5_000);
    const recoveredMs = Math.round(performance.now() - backAt);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('Redis killed with -9, restarted', { recoveredMs });
  });

  it.each(AWAY_S)(
    'LOG6 Redis away for %i s: nothing acknowledged, memory bounded, 4503 after REDIS_GRACE, converged 10 s after its return',
    async (seconds) => {
      await edit('Redis away');
      const before = memory();
      await cluster.crashRedis();
      const goneAt = performance.now();
      await eventually(() => crowd.clients.every(({ closeCodes }) => closeCodes.includes(4503)), {
        what: 'everybody was sent away with 4503',
        withinMs: 25_000,
      });
      const sentAwayMs = Math.round(performance.now() - goneAt);
      expect(sentAwayMs).toBeGreaterThan(14_000);
      const acknowledged = crowd.acknowledged;
      await pause(Math.max(0, seconds * 1_000 - (performance.now() - goneAt)));
      expect(crowd.acknowledged).toBe(acknowledged);
      expect(memory() - before).toBeLessThan(3 * GROWTH_BYTES);
      await cluster.startRedis();
      const backAt = performance.now();
      crowd.stopEditing();
      await expectPromiseKept(cluster, crowd, { withinMs: 10_000 });
      recordRecovery(`Redis away for ${seconds} s`, {
        sentAwayMs,
        recoveredMs: Math.round(performance.now() - backAt),
      });
    },
  );

  it('LOG3 Redis loses all its data with clients connected: what any client holds comes back, nobody sees an empty document', async () => {
    await edit('Redis wiped');
    // While they edit on, a document is folded every 30 s; when they stop, within 10.
    crowd.stopEditing();
    await eventually(
      async () =>
        (await cluster.database.db.selectFrom('document_snapshots').select('doc_id').execute()).length >=
        run * 3,
      {
        what: 'each document was folded once',
        withinMs: 15_000,
      },
    );
    crowd.startEditing();
    let emptied = 0;
    for (const { text } of crowd.clients)
      text.observe(() => {
        if (text.length === 0) emptied += 1;
      });
    const lengths = new Map(crowd.clients.map(({ docId, text }) => [docId, text.length]));
    const wipedAt = performance.now();
    const redis = new Redis(cluster.redisUrl);
    await redis.flushall();
    const newcomers = crowd.docIds.map((docId, index) =>
      stockClient(cluster.bases[index % 3] ?? '', docId, { as: cluster.somebody }),
    );
    for (const [index, newcomer] of newcomers.entries()) {
      await newcomer.synced();
      expect(newcomer.text.length).toBeGreaterThan(0);
      const docId = crowd.docIds[index] ?? '';
      await eventually(() => newcomer.text.length >= (lengths.get(docId) ?? 0) * 0.9, {
        what: 'it is all there',
      });
    }
    await crowd.progress(60, 5_000);
    const recoveredMs = Math.round(performance.now() - wipedAt);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    expect(emptied).toBe(0);
    for (const newcomer of newcomers) newcomer.close();
    await redis.quit();
    recordRecovery('Redis data wiped with clients connected', { recoveredMs });
  });
});
