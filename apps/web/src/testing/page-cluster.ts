import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type NginxService, startNginx } from '@kryton/engine/testing/services/nginx-service.ts';
import { startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { renderNginxConfig } from '@kryton/launcher/nginx-config.ts';
import { WEB_ROOT } from '@kryton/server/http/web-root.ts';
import { startNodeProcess } from '@kryton/server/testing/node-process.ts';
import { build } from 'vite';

/** A node that serves the page. */
export type PageNode = { readonly name: string; readonly url: string; readonly process: RunningProcess };

/** Nodes as processes of their own, with the page as it is built now, on a Redis and a PostgreSQL of their own. */
export type PageCluster = {
  readonly redis: RedisService;
  readonly nodes: readonly PageNode[];
  /** Where the tab number `index` is opened: one node after the other, or the proxy, which picks one. */
  urlOf(index: number): string;
  /** Starts a worker as it is deployed; it ends with the cluster. Nothing is folded before. */
  startWorker(name: string): Promise<RunningProcess>;
  /** After a test that broke something: Redis goes on, and nodes that ended are started again where they were. */
  mend(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * How a page reaches nodes.
 *
 * - `proxy`: nginx with the configuration of infra/ in front of `apps/server/src/main.ts`; the page knows one address.
 * - `addresses`: no proxy; each node tells the page the addresses of all, as `npm start` does.
 */
export type Front = 'proxy' | 'addresses';

/** How people get in; guests write at once unless told otherwise. */
export type Entrance = Readonly<Record<'GUEST_ACCESS' | 'CREATE_ON_OPEN' | 'REGISTRATION', string>>;

const GUESTS: Entrance = { GUEST_ACCESS: 'true', CREATE_ON_OPEN: 'true', REGISTRATION: 'open' };

/** Starts the services and `count` nodes, and resolves when all are ready. */
export async function startPageCluster(
  count: number,
  front: Front,
  entrance: Entrance = GUESTS,
): Promise<PageCluster> {
  const [webRoot, redis, postgres, frontPort] = await Promise.all([
    buildPage(front),
    startRedis({ aof: true }),
    startPostgres(),
    freePort(),
  ]);
  const postgresUrl = await postgres.createDatabase();
  const database = await connectDatabase({ url: postgresUrl }, { applicationName: 'page-cluster' });
  await migrate(database.db).finally(() => database.close());
  const ports = await freePorts(count);
  const secret = randomBytes(32).toString('base64url');
  const urls = ports.map((port) => `http://127.0.0.1:${port}`);
  // By name: a passkey belongs to a name.
  const frontUrl = `http://localhost:${frontPort}`;
  const start = async (port: number, index: number): Promise<PageNode> => {
    const options = { name: `node-${index + 1}`, port, redisUrl: redis.url, postgresUrl };
    const running =
      front === 'proxy'
        ? await startProductNode({ ...options, appUrl: frontUrl, secret, entrance })
        : await startNodeProcess({ ...options, webRoot, urls, accountSecret: secret });
    return { name: options.name, url: `http://127.0.0.1:${port}`, process: running };
  };
  const nodes = await Promise.all(ports.map(start));
  const proxy = front === 'proxy' ? await startProxy(frontPort, ports) : null;
  const workers: RunningProcess[] = [];
  return {
    redis,
    nodes,
    urlOf: (index) => (proxy === null ? (nodes[index % count]?.url ?? frontUrl) : frontUrl),
    async startWorker(name) {
      const worker = await startWorker({ name, redisUrl: redis.url, postgresUrl });
      workers.push(worker);
      return worker;
    },
    async mend() {
      redis.process.kill('SIGCONT');
      for (const [index, port] of ports.entries()) {
        if (await hasEnded(nodes[index])) nodes[index] = await start(port, index);
      }
    },
    async stop() {
      // A stopped process cannot hear that it should end.
      redis.process.kill('SIGCONT');
      await proxy?.stop();
      await Promise.all([...workers, ...nodes.map((node) => node.process)].map((one) => one.stop()));
      await Promise.all([redis.stop(), postgres.stop()]);
    },
  };
}

async function hasEnded(node: PageNode | undefined): Promise<boolean> {
  const running = Symbol('running');
  return (await Promise.race([node?.process.exited, Promise.resolve(running)])) !== running;
}

function startProxy(port: number, nodePorts: readonly number[]): Promise<NginxService> {
  const dir = temporaryDirectory('proxy');
  // `startNginx` says these two itself, on its command line.
  const text = renderNginxConfig({ dir, port, nodePorts }).replace(/^(?:pid|daemon) .*;$/gm, '');
  return startNginx({ config: { text }, port });
}

type ProductNode = {
  readonly name: string;
  readonly port: number;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly appUrl: string;
  readonly secret: string;
  readonly entrance: Entrance;
};

/** A worker as it is deployed: `npm run worker`. Who needs to know that it is ready sees it in the roster. */
function startWorker(
  options: Pick<ProductNode, 'name' | 'redisUrl' | 'postgresUrl'>,
): Promise<RunningProcess> {
  const { name, redisUrl, postgresUrl } = options;
  return startProcess({
    name,
    command: process.execPath,
    args: [fileURLToPath(new URL('../../../worker/src/main.ts', import.meta.url))],
    env: { NODE_NAME: name, METRICS_PORT: '0', REDIS_URL: redisUrl, DATABASE_URL: postgresUrl },
    ready: async () => true,
    readyWithinMs: 60_000,
  });
}

/** A node as it is deployed: `npm run node`. */
function startProductNode(options: ProductNode) {
  const { name, port, redisUrl, postgresUrl, appUrl, secret, entrance } = options;
  return startProcess({
    name: `${name} on port ${port}`,
    command: process.execPath,
    args: [fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url))],
    env: {
      NODE_ENV: 'development',
      NODE_NAME: name,
      HOST: '127.0.0.1',
      PORT: `${port}`,
      METRICS_PORT: '0',
      REDIS_URL: redisUrl,
      DATABASE_URL: postgresUrl,
      APP_URL: appUrl,
      BETTER_AUTH_SECRET: secret,
      // Each of twenty steps takes half a second; who has one connection takes one step.
      DRAIN_SECONDS: '10',
      // That a node refuses newcomers while the tests beside it take the machine is no part of what people see here.
      OVERLOAD_DELAY_MS: '0',
      ...entrance,
    },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
    // An idle machine takes 2 s; several nodes on a busy one a multiple.
    readyWithinMs: 60_000,
  });
}

/** Builds the page to where the product looks for it, or to a directory of the test's own. */
async function buildPage(front: Front): Promise<string> {
  const outDir = front === 'proxy' ? WEB_ROOT : temporaryDirectory('page');
  const root = fileURLToPath(new URL('../..', import.meta.url));
  await build({ root, logLevel: 'error', build: { outDir } });
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
