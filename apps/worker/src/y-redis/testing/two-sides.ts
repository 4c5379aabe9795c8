import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { logKey } from '@kryton/engine/log/keys.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { createDatabase, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { startTestNode, type TestNode } from '@kryton/server/testing/test-node.ts';
import { Redis } from 'ioredis';
import { RedisPersistence } from 'y-redis';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const WORKER = fileURLToPath(new URL('../../main.ts', import.meta.url));
const RUN_MS = 90_000;

/** Where the command finds the two servers, when not at their own ports: proxies that break. */
export type Ways = {
  readonly old?: number;
  readonly ours?: number;
  /** The embedded stores in this directory, instead of a cluster. */
  readonly dataDir?: string;
};

export type Finished = { readonly code: number | null; readonly output: string };

/** A y-redis deployment and a cluster of ours, each on a Redis of its own, and the command between them. */
export type TwoSides = {
  readonly old: { readonly service: RedisService; readonly redis: Redis };
  readonly ours: {
    readonly service: RedisService;
    readonly redis: Redis;
    readonly database: DatabaseConnection;
  };
  /** A server of y-redis: the real package. */
  yRedis(): RedisPersistence;
  node(): Promise<TestNode>;
  worker(): Promise<RunningProcess>;
  /** Runs the command to its end. */
  run(args: readonly string[], ways?: Ways): Promise<Finished>;
  /** Starts the command and resolves when `said` is in its output. */
  start(args: readonly string[], said: string, ways?: Ways): Promise<RunningProcess>;
  /** How many entries our log of a document holds; nothing trims it unless a worker runs. */
  appended(docId: DocId): Promise<number>;
  stop(): Promise<void>;
};

export async function startTwoSides(): Promise<TwoSides> {
  const [oldRedis, ourRedis, postgres] = await Promise.all([
    startRedis({ aof: false }),
    startRedis({ aof: true }),
    startPostgres(),
  ]);
  const url = await createDatabase(postgres.url);
  const database = await connectDatabase({ url }, { applicationName: 'test' });
  await migrate(database.db);
  const env = { REDIS_URL: ourRedis.url, DATABASE_URL: url, METRICS_PORT: '0' };
  const redis = new Redis(ourRedis.url);
  const old = new Redis(oldRedis.url);
  const nodes: TestNode[] = [];
  const persistences: RedisPersistence[] = [];
  const processes: RunningProcess[] = [];
  const words = (args: readonly string[], { old: port = oldRedis.port }: Ways = {}) => [
    MAIN,
    ...['--from', `redis://127.0.0.1:${port}`],
    ...args,
  ];
  const variables = ({ ours: port = ourRedis.port, dataDir }: Ways = {}) =>
    dataDir === undefined
      ? { ...env, REDIS_URL: `redis://127.0.0.1:${port}` }
      : { DATA_DIR: dataDir, REDIS_URL: '', DATABASE_URL: '' };
  const keep = async (starting: Promise<RunningProcess>) => {
    const running = await starting;
    processes.push(running);
    return running;
  };

  return {
    old: { service: oldRedis, redis: old },
    ours: { service: ourRedis, redis, database },
    yRedis() {
      const persistence = new RedisPersistence({ redisOpts: { host: '127.0.0.1', port: oldRedis.port } });
      persistences.push(persistence);
      return persistence;
    },
    async node() {
      const snapshots = new PostgresSnapshotStore(database.db);
      const node = await startTestNode({
        name: `node-${nodes.length + 1}`,
        redisUrl: ourRedis.url,
        snapshots,
      });
      nodes.push(node);
      return node;
    },
    worker: () =>
      keep(
        startProcess({
          name: 'worker',
          command: process.execPath,
          args: [WORKER],
          env: { ...env, LOG_LEVEL: 'info' },
          ready: (running) => running.output().includes('worker ready'),
        }),
      ),
    run: (args, ways) =>
      new Promise((resolve) => {
        const options = {
          env: { ...process.env, ...variables(ways) },
          timeout: RUN_MS,
          killSignal: 'SIGKILL',
        } as const;
        const child = execFile(process.execPath, words(args, ways), options, (_error, stdout, stderr) =>
          resolve({ code: child.exitCode, output: `${stdout}${stderr}` }),
        );
      }),
    start: (args, said, ways) =>
      keep(
        startProcess({
          name: 'import:y-redis',
          command: process.execPath,
          args: words(args, ways),
          env: variables(ways),
          ready: (running) => running.output().includes(said),
          readyWithinMs: 60_000,
        }),
      ),
    appended: (docId) => redis.xlen(logKey(docId)),
    async stop() {
      await Promise.all(processes.map((running) => running.stop({ signal: 'SIGKILL' })));
      await Promise.all(persistences.map((persistence) => persistence.destroy().catch(() => {})));
      await Promise.all(nodes.map((node) => node.stop()));
      redis.disconnect();
      old.disconnect();
      await database.close();
      await Promise.all([oldRedis.stop(), ourRedis.stop(), postgres.stop()]);
    },
  };
}
