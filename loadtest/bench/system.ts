import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { findExecutable } from '@kryton/engine/testing/services/installed.ts';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';

const NODE_MAIN = fileURLToPath(new URL('../../apps/server/src/main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../apps/worker/src/main.ts', import.meta.url));
/** The servers share one core; the generator has the other. */
const SERVER_CORE = '0';

/** A server of collaboration as the scenarios see it; the alternatives will be further ones. */
export type SystemUnderTest = {
  readonly name: string;
  /** `ws://host:port` of each node. */
  readonly bases: readonly string[];
  /** Where a client of a document connects. */
  readonly urlOf: (base: string, docId: string) => string;
  /** The servers' own processes, whose CPU counts: nodes, worker, Redis. */
  readonly servers: readonly RunningProcess[];
  readonly nodes: readonly RunningProcess[];
  /** Replaces the nodes by fresh ones, so that nothing is in their memory. */
  restartNodes(): Promise<void>;
  stop(): Promise<void>;
};

/** Two nodes, a worker, Redis (AOF, everysec) and PostgreSQL: the real commands, pinned to one core. */
export async function startKryton(nodeCount = 2): Promise<SystemUnderTest> {
  const postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase();
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'bench' });
  await migrate(database.db);
  await database.close();
  const dir = temporaryDirectory('bench-redis');
  const redisPort = await freePort();
  const redis = await startRedis(redisPort, dir);
  const env = {
    ...process.env,
    REDIS_URL: `redis://127.0.0.1:${redisPort}`,
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'warn',
    DRAIN_SECONDS: '0',
    METRICS_PORT: '0',
  };
  const worker = await startProcess({
    name: 'worker',
    ...pinned(process.execPath, [WORKER_MAIN]),
    env,
    ready: () => Promise.resolve(true),
    readyWithinMs: 30_000,
  });
  const ports: number[] = [];
  for (let i = 0; i < nodeCount; i++) ports.push(await freePort());
  const startNodes = () => Promise.all(ports.map((port) => startNode(port, env)));
  const nodes = await startNodes();
  const servers = [...nodes, worker, redis];
  return {
    name: 'Kryton',
    bases: ports.map((port) => `ws://127.0.0.1:${port}`),
    urlOf: (base, docId) => `${base}/ws/yjs/${docId}`,
    nodes,
    servers,
    async restartNodes() {
      await Promise.all(nodes.map((node) => node.stop()));
      const fresh = await startNodes();
      for (const [index, node] of fresh.entries()) nodes[index] = servers[index] = node;
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await worker.stop();
      await redis.stop();
      await postgres.stop();
      removeTemporaryDirectory(dir);
    },
  };
}

function startNode(port: number, env: NodeJS.ProcessEnv): Promise<RunningProcess> {
  return startProcess({
    name: `node on ${port}`,
    ...pinned(process.execPath, [...profiling(), NODE_MAIN]),
    env: { ...env, PORT: String(port), HOST: '127.0.0.1' },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null))?.ok ?? false,
    readyWithinMs: 30_000,
  });
}

function startRedis(port: number, dir: string): Promise<RunningProcess> {
  const command = findExecutable('redis-server');
  if (command === null)
    throw new Error('redis-server is not installed (Debian: apt-get install redis-server)');
  const args = [
    '--port',
    String(port),
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'everysec',
  ];
  return startProcess({
    name: 'redis-server',
    ...pinned(command, args),
    ready: async () => {
      const { Redis } = await import('ioredis');
      const redis = new Redis(port, '127.0.0.1', { lazyConnect: true, retryStrategy: () => null });
      redis.on('error', () => {});
      const answer = await redis.connect().then(
        () => redis.ping(),
        () => null,
      );
      redis.disconnect();
      return answer === 'PONG';
    },
    readyWithinMs: 10_000,
  });
}

/** `BENCH_PROFILE=dir` makes each node write a CPU profile there when it ends. */
function profiling(): string[] {
  const dir = process.env['BENCH_PROFILE'];
  return dir ? ['--cpu-prof', `--cpu-prof-dir=${dir}`] : [];
}

/** Without `taskset` (not Linux) the figures mix the generator's share of the machine in; the report says so. */
function pinned(command: string, args: string[]): { command: string; args: string[] } {
  const taskset = findExecutable('taskset');
  return taskset ? { command: taskset, args: ['-c', SERVER_CORE, command, ...args] } : { command, args };
}
