import { setTimeout as pause } from 'node:timers/promises';
import { logKey } from '@kryton/engine/log/keys.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seededRandom, seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { Redis } from 'ioredis';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, type FaultPart, startFaultCluster } from '../testing/fault-cluster.ts';
import { lastingMs } from '../testing/lasting.ts';
import { expectPromiseKept } from '../testing/promise.ts';

const TROUBLE_MS = lastingMs(30_000, 10_000);

describe('workers and commits that fail under thirty editing clients', {
  timeout: TROUBLE_MS + 120_000,
}, () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  let redis: Redis;
  beforeAll(async () => {
    // Folded often and trimmed at once, so that what a fold loses is gone from the log too.
    const env = { FOLD_DELAY_MS: '100', LOG_KEEP_SECONDS: '0' };
    cluster = await startFaultCluster({ nodes: 3, workers: 2, env });
    redis = new Redis(cluster.redisUrl);
  });
  afterEach(() => crowd.close());
  afterAll(async () => {
    await redis.quit();
    await cluster.stop();
  });

  const edit = async (name: string): Promise<readonly string[]> => {
    const docIds = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `${letter}-${name}`);
    crowd = new Crowd({
      clients: 30,
      docIds,
      bases: cluster.bases,
      as: cluster.somebody,
      seed: seedFor(name),
      everyMs: 400,
    });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(100);
    return docIds.map((docId) => logKey(parseDocId(docId) ?? expect.fail('a document id')));
  };
  /** Resolves with how long it took until every log was folded to its end and trimmed, in ms. */
  const folded = async (logs: readonly string[]): Promise<number> => {
    const from = performance.now();
    await eventually(
      async () => (await Promise.all(logs.map((key) => redis.xlen(key)))).every((n) => n === 0),
      {
        what: 'everything is folded and trimmed',
        withinMs: 30_000,
        everyMs: 100,
      },
    );
    return Math.round(performance.now() - from);
  };

  it('SNAP1 SNAP2 SNAP3 workers are killed with -9, stopped and woken at any moment, two at once: nothing is lost', async () => {
    const logs = await edit('workers');
    const random = seededRandom(seedFor('trouble of workers'));
    const until = performance.now() + TROUBLE_MS;
    const counts = { killed: 0, stopped: 0 };
    const trouble = async (worker: FaultPart): Promise<void> => {
      while (performance.now() < until) {
        await pause(200 + random.int(1_500));
        if (random.chance(0.5)) {
          counts.killed += 1;
          await worker.kill();
          await worker.start();
        } else {
          counts.stopped += 1;
          worker.process().kill('SIGSTOP');
          await pause(500 + random.int(4_000));
          worker.process().kill('SIGCONT');
        }
      }
    };
    await Promise.all(cluster.workers.map(trouble));
    crowd.stopEditing();
    const foldedMs = await folded(logs);
    expect(counts.killed + counts.stopped).toBeGreaterThan(3);
    await expectPromiseKept(cluster, crowd);
    recordRecovery('two workers killed with -9, stopped and woken', { ...counts, foldedMs });
  });

  it.each([
    { what: 'a commit that fails once', state: '40001', times: 1 },
    { what: 'a full disk for PostgreSQL', state: '53100', times: 1_000_000 },
  ])(
    'SNAP2 SNAP3 SNAP5 $what: tried again until it works, nothing trimmed before',
    async ({ what, state, times }) => {
      const logs = await edit(`state-${state}`);
      const { db } = cluster.database;
      // What PostgreSQL answers then, from PostgreSQL itself: the statement fails and its transaction is undone.
      await sql`CREATE SEQUENCE failures`.execute(db);
      await sql
        .raw(
          `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('failures') <= ${times} THEN RAISE SQLSTATE '${state}' USING MESSAGE = 'could not write'; END IF;
           RETURN NEW; END $$`,
        )
        .execute(db);
      await sql`CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON document_snapshots
              FOR EACH ROW EXECUTE FUNCTION fail()`.execute(db);
      const since = performance.now();
      await crowd.progress(200);
      // A document that is edited on and on is folded every 30 s, one that was left soon.
      crowd.stopEditing();
      await eventually(
        async () =>
          (await sql<{ called: boolean }>`SELECT is_called AS called FROM failures`.execute(db)).rows[0]
            ?.called,
        { what: 'a commit has failed', withinMs: 40_000 },
      );
      crowd.startEditing();
      if (times > 1) {
        const before = await Promise.all(logs.map((key) => redis.xlen(key)));
        await crowd.progress(200);
        const after = await Promise.all(logs.map((key) => redis.xlen(key)));
        for (const [index, length] of after.entries())
          expect(length).toBeGreaterThanOrEqual(before[index] ?? 0);
        await sql`DROP TRIGGER fail ON document_snapshots`.execute(db);
      }
      const slowestAckMs = Math.round(Math.max(...crowd.ackTimes(since)));
      crowd.stopEditing();
      const foldedMs = await folded(logs);
      await sql`DROP TRIGGER IF EXISTS fail ON document_snapshots`.execute(db);
      await sql`DROP FUNCTION fail`.execute(db);
      await sql`DROP SEQUENCE failures`.execute(db);
      await expectPromiseKept(cluster, crowd);
      recordRecovery(what, { slowestAckMs, foldedMs });
    },
  );
});
