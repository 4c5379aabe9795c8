import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { ORIGIN } from '@kryton/engine/log/position.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

describe('the worker process', () => {
  let redis: RedisService;
  let postgres: PostgresService;
  let database: DatabaseConnection;
  let log: RedisUpdateLog;
  let jobs: BullMqJobQueue;
  const metricsPort = freePort();
  let env: Record<string, string>;

  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis({ aof: true }), startPostgres()]);
    database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
    log = await RedisUpdateLog.connect({ url: redis.url, name: 'test', onError: () => {} });
    jobs = await BullMqJobQueue.connect({ url: redis.url, name: 'test', onError: () => {} });
    env = {
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      METRICS_PORT: String(await metricsPort),
      LOG_LEVEL: 'debug',
      NODE_NAME: 'worker-1',
    };
  });
  afterAll(async () => {
    await Promise.all([jobs.close(), log.close(), database.close()]);
    await Promise.all([redis.stop(), postgres.stop()]);
  });

  const startWorker = (extra: Record<string, string> = {}): Promise<RunningProcess> =>
    startProcess({
      name: 'worker',
      command: process.execPath,
      args: [MAIN],
      env: { ...env, ...extra },
      ready: (running) => running.output().includes('worker ready'),
    });

  /** One edited document; nobody has asked for its fold. */
  async function editedDocument(text: string) {
    const docId = parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
    const doc = new Y.Doc();
    doc.getText('text').insert(0, text);
    const { last } = await log.open(docId, ORIGIN);
    await log.append(docId, last, Y.encodeStateAsUpdate(doc));
    return docId;
  }

  async function foldedText(docId: Awaited<ReturnType<typeof editedDocument>>): Promise<string | null> {
    const snapshot = await new PostgresSnapshotStore(database.db).load(docId);
    if (!snapshot) return null;
    const doc = new Y.Doc();
    Y.applyUpdate(doc, snapshot.state);
    return doc.getText('text').toString();
  }

  it('says what to run when the database is not migrated, and exits with 1', async () => {
    await expect(startWorker()).rejects.toThrow('run npm run migrate');
    await migrate(database.db);
  });

  it('SNAP5 folds what is asked for within 10 s of the edit, finds what nobody asked for, and leaves on SIGTERM', async () => {
    const forgotten = await editedDocument('nobody asked');
    const worker = await startWorker();
    const asked = await editedDocument('asked for');
    await jobs.scheduleFold(asked, 5_000);
    const within = { withinMs: 10_000 };
    await eventually(async () => (await foldedText(asked)) === 'asked for', { what: 'asked for', ...within });
    await eventually(async () => (await foldedText(forgotten)) === 'nobody asked', {
      what: 'found',
      ...within,
    });

    const response = await fetch(`http://127.0.0.1:${await metricsPort}/metrics`);
    const metrics = await response.text();
    expect(metrics).toMatch(/kryton_folds_total\{result="folded",node="worker-1"\} [1-9]/);
    expect(metrics).toMatch(/kryton_backlog_documents\{node="worker-1"\} \d/);
    expect(worker.output()).not.toContain('nobody asked');
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });

  it('SNAP2 another worker takes over from one that was killed', async () => {
    const first = await startWorker();
    const docId = await editedDocument('taken over');
    await jobs.scheduleFold(docId, 1_000);
    await first.stop({ signal: 'SIGKILL' });
    const second = await startWorker();
    await eventually(async () => (await foldedText(docId)) === 'taken over', {
      what: 'folded',
      withinMs: 10_000,
    });
    expect((await second.stop()).code).toBe(0);
  });

  it('says where Redis is missing, and exits with 1', async () => {
    await expect(startWorker({ REDIS_URL: 'redis://127.0.0.1:1' })).rejects.toThrow(
      'Redis is unreachable at 127.0.0.1:1',
    );
  });
});
