import { fileURLToPath } from 'node:url';
import type { RunningProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { startNodeProcess } from '@kryton/server/testing/node-process.ts';
import { build } from 'vite';

/** A node that serves the page. */
export type PageNode = { readonly name: string; readonly url: string; readonly process: RunningProcess };

/** Nodes as processes of their own, with the page as it is built now, on a Redis and a PostgreSQL of their own. */
export type PageCluster = {
  readonly redis: RedisService;
  readonly nodes: readonly PageNode[];
  /** Starts one more node. It gets an address that the earlier ones already told their pages. */
  startNode(): Promise<PageNode>;
  stop(): Promise<void>;
};

/** Starts the services and `count` nodes; addresses for `spare` more are known to every page. */
export async function startPageCluster(count: number, spare = 0): Promise<PageCluster> {
  const [webRoot, redis, postgres, ports] = await Promise.all([
    buildPage(),
    startRedis({ aof: true }),
    startPostgres(),
    freePorts(count + spare),
  ]);
  const postgresUrl = await postgres.createDatabase();
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  const nodes: PageNode[] = [];
  const startNode = async () => {
    const name = `node-${nodes.length + 1}`;
    const port = ports[nodes.length];
    if (port === undefined) throw new Error(`there is no address left for ${name}`);
    const options = { name, port, redisUrl: redis.url, postgresUrl, webRoot, urls };
    const node = { name, url: `http://127.0.0.1:${port}`, process: await startNodeProcess(options) };
    nodes.push(node);
    return node;
  };
  for (let index = 0; index < count; index += 1) await startNode();
  return {
    redis,
    nodes,
    startNode,
    async stop() {
      // A stopped process cannot hear that it should end.
      redis.process.kill('SIGCONT');
      await Promise.all(nodes.map((node) => node.process.stop()));
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

async function buildPage(): Promise<string> {
  const outDir = temporaryDirectory('page');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await build({ root, logLevel: 'error', build: { outDir, emptyOutDir: false } });
  return outDir;
}

async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  return ports;
}
