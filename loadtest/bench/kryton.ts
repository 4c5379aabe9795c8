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
import { onServerCore, pin, SERVER_CORE } from './cores.ts';
import type { StartSystem } from './system.ts';
import { treeOf } from './usage.ts';

const NODE_MAIN = fileURLToPath(new URL('../../apps/server/src/main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../apps/worker/src/main.ts', import.meta.url));
const NODES = 2;
const READY = { readyWithinMs: 30_000 };
const PERSISTED_WITHIN_MS = 60_000;

/**
 * Kryton as it is deployed: the commands `npm run node` (twice) and `npm run worker`, Redis with an append-only file
 * written every second, PostgreSQL. With `BENCH_PROFILE=dir` every node leaves a CPU profile there when it ends.
 */
export const startKryton: StartSystem = async () => {
  const postgres = await startPostgres();
  pin(SERVER_CORE, treeOf(postgres.process.pid));
  const redis = await startRedis({ aof: true, args: ['--appendfsync', 'everysec'] });
  pin(SERVER_CORE, [redis.process.pid]);
  const databaseUrl = await postgres.createDatabase();
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'bench' });
  await migrate(database.db);
  const snapshots = new PostgresSnapshotStore(database.db);
  const env = {
    REDIS_URL: redis.url,
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'warn',
    DRAIN_SECONDS: '0',
    METRICS_PORT: String(await freePort()),
  };
  const worker = await startProcess({
    name: 'worker',
    ...onServerCore(process.execPath, [WORKER_MAIN]),
    env,
    ready: () => answers(`http://127.0.0.1:${env.METRICS_PORT}/metrics`),
    ...READY,
  });
  const ports = await Promise.all(Array.from({ length: NODES }, () => freePort()));
  const startNodes = () => Promise.all(ports.map((port) => startNode(port, env)));
  let nodes = await startNodes();
  return {
    name: 'Kryton',
    nodeCount: NODES,
    urlOf: (node, docId) => `ws://127.0.0.1:${ports[node]}/ws/yjs/${docId}`,
    parts: () => [
      ...nodes.map((process) => ({ role: 'node', process, isCounted: true })),
      { role: 'worker', process: worker, isCounted: true },
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
      await Promise.all(nodes.map((node) => node.stop()));
      nodes = await startNodes();
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.stop()));
      await worker.stop();
      await database.close();
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
};

function startNode(port: number, env: Readonly<Record<string, string>>): Promise<RunningProcess> {
  const profileDir = process.env['BENCH_PROFILE'];
  const profiling = profileDir ? ['--cpu-prof', `--cpu-prof-dir=${profileDir}`] : [];
  return startProcess({
    name: `node on ${port}`,
    ...onServerCore(process.execPath, [...profiling, NODE_MAIN]),
    env: { ...env, METRICS_PORT: '0', PORT: String(port), HOST: '127.0.0.1' },
    ready: () => answers(`http://127.0.0.1:${port}/readyz`),
    ...READY,
  });
}

async function answers(url: string): Promise<boolean> {
  return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
}
