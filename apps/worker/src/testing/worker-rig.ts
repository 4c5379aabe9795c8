import { fileURLToPath } from 'node:url';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { ORIGIN } from '@kryton/engine/log/position.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { type FaultProxy, startFaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import * as Y from 'yjs';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** A worker as a process of its own, with a breakable line to each store. */
export type RigWorker = {
  readonly process: RunningProcess;
  readonly toRedis: FaultProxy;
  readonly toPostgres: FaultProxy;
  /** The sum of a metric over its labels, or over those with `label`: `result="failed"`. */
  metric(name: string, label?: string): Promise<number>;
};

/** Real Redis, real PostgreSQL, real workers, and the test's own way to the stores, past every fault. */
export type WorkerRig = {
  readonly redis: RedisService;
  readonly postgres: PostgresService;
  readonly database: DatabaseConnection;
  readonly log: RedisUpdateLog;
  readonly jobs: BullMqJobQueue;
  readonly snapshots: PostgresSnapshotStore;
  readonly quarantine: PostgresQuarantine;
  /** What a process needs to find the stores. */
  readonly env: Readonly<Record<string, string>>;
  startWorker(name: string): Promise<RigWorker>;
  /** What a newcomer would be served: snapshot and log, straight from the stores. */
  load(docId: DocId): Promise<Y.Doc>;
  stop(): Promise<void>;
};

/** `env`: more variables for every worker. */
export async function startWorkerRig(env: Readonly<Record<string, string>> = {}): Promise<WorkerRig> {
  const [redis, postgres] = await Promise.all([startRedis({ aof: true }), startPostgres()]);
  const database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
  await migrate(database.db);
  const connection = { url: redis.url, name: 'test', onError: () => {} };
  const log = await RedisUpdateLog.connect(connection);
  const jobs = await BullMqJobQueue.connect(connection);
  const snapshots = new PostgresSnapshotStore(database.db);
  const workers: RigWorker[] = [];
  return {
    redis,
    postgres,
    database,
    log,
    jobs,
    snapshots,
    quarantine: new PostgresQuarantine(database.db),
    env: { REDIS_URL: redis.url, DATABASE_URL: postgres.url },
    async startWorker(name) {
      const worker = await startRigWorker(name, redis.port, postgres, env);
      workers.push(worker);
      return worker;
    },
    async load(docId) {
      const doc = new Y.Doc();
      const snapshot = await snapshots.load(docId);
      if (snapshot) Y.applyUpdate(doc, snapshot.state);
      const page = await log.read(docId, snapshot?.position ?? ORIGIN, 1_000_000);
      if (page.kind === 'entries') for (const { update } of page.entries) Y.applyUpdate(doc, update);
      return doc;
    },
    async stop() {
      // A process that is stopped takes no other signal until it goes on.
      for (const { process } of workers) process.kill('SIGCONT');
      await Promise.all(workers.map(({ process }) => process.stop({ signal: 'SIGKILL' })));
      await Promise.all(workers.flatMap(({ toRedis, toPostgres }) => [toRedis.close(), toPostgres.close()]));
      await Promise.all([jobs.close(), log.close(), database.close()]);
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

async function startRigWorker(
  name: string,
  redisPort: number,
  postgres: PostgresService,
  env: Readonly<Record<string, string>>,
): Promise<RigWorker> {
  const [toRedis, toPostgres] = [await startFaultProxy(redisPort), await startFaultProxy(postgres.port)];
  const metricsPort = await freePort();
  const databaseUrl = new URL(postgres.url);
  databaseUrl.port = String(toPostgres.port);
  const process_ = await startProcess({
    name,
    command: process.execPath,
    args: [MAIN],
    env: {
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      DATABASE_URL: databaseUrl.href,
      METRICS_PORT: String(metricsPort),
      LOG_LEVEL: 'debug',
      NODE_NAME: name,
      ...env,
    },
    ready: (running) => running.output().includes('worker ready'),
    readyWithinMs: 30_000,
  });
  return {
    process: process_,
    toRedis,
    toPostgres,
    async metric(metric, label = '') {
      const url = `http://127.0.0.1:${metricsPort}/metrics`;
      const text = await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();
      const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`));
      if (lines.length === 0) throw new Error(`${name} has no metric ${metric}`);
      return lines
        .filter((line) => line.includes(label))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
  };
}
