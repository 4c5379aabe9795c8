import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { NODE_FLAGS } from '@kryton/server/node-flags.ts';
import { onServerCore, pin, SERVER_CORE } from '../cores.ts';
import { foldingOf } from '../folding.ts';
import { People } from '../people.ts';
import { DEFAULT_NODES, type StartSystem, type SystemUnderTest } from '../system.ts';
import { treeOf } from '../usage.ts';

const NODE_MAIN = fileURLToPath(new URL('../../../apps/server/src/main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../../apps/worker/src/main.ts', import.meta.url));
/** An idle machine takes 2 s; one that does other things beside it a multiple. */
const READY = { readyWithinMs: 110_000 };
const PERSISTED_WITHIN_MS = 60_000;

type Env = Readonly<Record<string, string>> & { readonly METRICS_PORT: string };

/**
 * Kryton as it is deployed: the commands `npm run node` (as often as there are nodes) and `npm run worker`, Redis with an append-only file
 * written every second, PostgreSQL. With `BENCH_PROFILE=dir` every node and the worker
 * leave a CPU profile there when they end.
 */
export const startKryton: StartSystem = async ({ nodes = DEFAULT_NODES } = {}) => {
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    return { ...(await start(nodes, closing)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

/** What has been started is put into `closing` at once, in its order. */
async function start(
  nodeCount: number,
  closing: (() => Promise<unknown>)[],
): Promise<Omit<SystemUnderTest, 'stop'>> {
  const postgres = await startPostgres();
  closing.push(() => postgres.stop());
  pin(SERVER_CORE, treeOf(postgres.process.pid));
  const redis = await startRedis({ aof: true, args: ['--appendfsync', 'everysec'] });
  closing.push(() => redis.stop());
  pin(SERVER_CORE, [redis.process.pid]);
  const databaseUrl = await postgres.createDatabase();
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'bench' });
  closing.push(() => database.close());
  await migrate(database.db);
  const snapshots = new PostgresSnapshotStore(database.db);
  const env = {
    REDIS_URL: redis.url,
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'warn',
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64'),
    APP_URL: 'http://localhost:3001',
    // Everybody comes from this one address.
    HANDSHAKES_PER_MINUTE: '10000000',
    REQUESTS_PER_MINUTE: '10000000',
    MESSAGES_PER_MINUTE: '1000000000',
    USER_CONNECTIONS: '1000000',
    DRAIN_SECONDS: '0',
    METRICS_PORT: String(await freePort()),
  };
  const { BETTER_AUTH_SECRET: secret, APP_URL: origin } = env;
  const people = await People.signedIn({ database: database.db, redisUrl: redis.url, secret, origin });
  let worker: RunningProcess | null = await startWorker(env);
  const stopWorker = async () => {
    const stopping = worker;
    worker = null;
    await stopping?.stop();
  };
  closing.push(stopWorker);
  const somePorts = () => Promise.all(Array.from({ length: nodeCount }, () => freePort()));
  const [ports, metricsPorts] = [await somePorts(), await somePorts()];
  let nodes: readonly RunningProcess[] = [];
  closing.push(() => stopAll(nodes));
  const startNodes = async () => {
    nodes = await Promise.all(
      ports.map((port, node) => startNode(port, { ...env, METRICS_PORT: `${metricsPorts[node]}` })),
    );
  };
  await startNodes();
  return {
    name: 'Kryton',
    nodeCount,
    redisPort: redis.port,
    folding: foldingOf({
      redisUrl: redis.url,
      snapshots,
      metricsPorts,
      workerMetricsPort: Number(env.METRICS_PORT),
      worker: {
        stopWorker,
        async startWorker() {
          worker = await startWorker(env);
        },
      },
    }),
    holds: 'storage',
    documents: (count) => people.documents(count),
    doorOf: (node, docId) => ({
      url: `ws://127.0.0.1:${ports[node]}/ws/yjs/${docId}`,
      headers: people.headersFor(docId),
    }),
    parts: () => [
      ...nodes.map((process) => ({ role: 'node', process, isCounted: true })),
      ...(worker ? [{ role: 'worker', process: worker, isCounted: true, metricsUrl: metricsOf(env) }] : []),
      { role: 'redis', process: redis.process, isCounted: true },
      { role: 'database', process: postgres.process, isCounted: false },
    ],
    async persisted(docId) {
      const id = parseDocId(docId);
      if (id === null) throw new Error(`"${docId}" is no document id`);
      const isThere = async () => (await snapshots.position(id)) !== null;
      await eventually(isThere, { what: `${docId} is folded`, withinMs: PERSISTED_WITHIN_MS, everyMs: 200 });
    },
    async restartNodes() {
      await stopAll(nodes);
      await startNodes();
    },
  };
}

async function stopAll(processes: readonly RunningProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.stop()));
}

function startWorker(env: Env): Promise<RunningProcess> {
  return startProcess({
    name: 'worker',
    ...onServerCore(process.execPath, [...profiling(), WORKER_MAIN]),
    env,
    ready: () => answers(metricsOf(env)),
    ...READY,
  });
}

function metricsOf({ METRICS_PORT }: Env): string {
  return `http://127.0.0.1:${METRICS_PORT}/metrics`;
}

function startNode(port: number, env: Env): Promise<RunningProcess> {
  return startProcess({
    name: `node on ${port}`,
    ...onServerCore(process.execPath, [...profiling(), ...nodeFlags(), NODE_MAIN]),
    env: { ...env, PORT: String(port), HOST: '127.0.0.1' },
    ready: () => answers(`http://127.0.0.1:${port}/readyz`),
    ...READY,
  });
}

/** Those of the product, or others to try out: `BENCH_NODE_FLAGS`. */
function nodeFlags(): readonly string[] {
  const others = process.env['BENCH_NODE_FLAGS'];
  return others === undefined ? NODE_FLAGS : others.split(' ').filter(Boolean);
}

function profiling(): string[] {
  const dir = process.env['BENCH_PROFILE'];
  return dir ? ['--cpu-prof', `--cpu-prof-dir=${dir}`] : [];
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
}
