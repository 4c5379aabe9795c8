import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { type FaultProxy, startFaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { ACCOUNT_ENV, type Credentials, signUp } from '@kryton/server/testing/sign-up.ts';

const NODE_MAIN = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../../worker/src/main.ts', import.meta.url));
/** As `npm run node` starts it. */
const NODE_FLAGS = ['--max-semi-space-size=8'];

export type FaultClusterOptions = {
  readonly nodes: number;
  readonly workers?: number;
  /** `always` (an acknowledgement means disk) unless told. */
  readonly appendfsync?: 'always' | 'everysec';
  /** Another Redis than a server of its own: nothing stands between, and it is the caller's to break and to stop. */
  readonly redisUrl?: string;
  /** No proxy between them: for measurements, because the proxies run in the process of the test. */
  readonly isDirect?: boolean;
  /** Variables of all nodes and workers. */
  readonly env?: Readonly<Record<string, string>>;
  /** What happens to the stores before anything runs on them. */
  readonly prepare?: (stores: { readonly redisUrl: string; readonly postgresUrl: string }) => Promise<void>;
  /** More variables of the node at an index. */
  readonly nodeEnv?: (index: number) => Readonly<Record<string, string>>;
};

/** A node or worker as a process of its own, with a breakable line to Redis and one to PostgreSQL. */
export type FaultPart = {
  readonly name: string;
  readonly toRedis: FaultProxy;
  readonly toPostgres: FaultProxy;
  process(): RunningProcess;
  /** Starts it (again); resolves when it is ready. */
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** The sum of a metric over its labels, or of those that have `label` (`result="accepted"`); throws when there is none. */
  metric(name: string, label?: string): Promise<number>;
  /** Resident memory in bytes; proc(5), Linux only. */
  memoryBytes(): number;
};

export type FaultNode = FaultPart & {
  /** Where clients connect, `ws://host:port`. */
  readonly base: string;
  isReady(): Promise<boolean>;
};

/** A real cluster whose every connection can be broken, and whose every part can be killed and started again. */
export type FaultCluster = {
  readonly nodes: readonly FaultNode[];
  readonly workers: readonly FaultPart[];
  readonly bases: readonly string[];
  /** Somebody who signed up when everything was well. */
  readonly somebody: Credentials;
  readonly redisPort: number;
  readonly redisUrl: string;
  readonly postgres: PostgresService;
  /** Straight to PostgreSQL, past every fault. */
  readonly database: DatabaseConnection;
  /** Throws where the Redis is the caller's. */
  redis(): RedisService;
  /** Redis is gone at once; its files stay. */
  crashRedis(): Promise<void>;
  /** `fileLimitBytes`: on a disk that is full; rejects when it ends before it answers. */
  startRedis(fileLimitBytes?: number): Promise<void>;
  stop(): Promise<void>;
};

/** Starts Redis, PostgreSQL, workers and nodes on free ports; resolves when every node is ready. */
export async function startFaultCluster(options: FaultClusterOptions): Promise<FaultCluster> {
  const redisDir = temporaryDirectory('redis');
  const redisPort = await freePort();
  const newRedis = (fileLimitBytes?: number) =>
    startRedis({
      aof: true,
      dir: redisDir,
      port: redisPort,
      survivesFileLimit: true,
      ...(fileLimitBytes === undefined ? {} : { fileLimitBytes }),
      args: ['--appendfsync', options.appendfsync ?? 'always'],
    });
  let redis = options.redisUrl === undefined ? await newRedis() : null;
  const postgres = await startPostgres();
  const database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
  await migrate(database.db);
  await options.prepare?.({ redisUrl: `redis://127.0.0.1:${redisPort}`, postgresUrl: postgres.url });

  const part = async (name: string, main: string, port: number | null, extra: Record<string, string>) => {
    const metricsPort = await freePort();
    const [toRedis, toPostgres] = [await startFaultProxy(redisPort), await startFaultProxy(postgres.port)];
    const databaseUrl = new URL(postgres.url);
    databaseUrl.port = String(options.isDirect ? postgres.port : toPostgres.port);
    const env = {
      REDIS_URL: options.redisUrl ?? `redis://127.0.0.1:${options.isDirect ? redisPort : toRedis.port}`,
      DATABASE_URL: databaseUrl.href,
      METRICS_PORT: String(metricsPort),
      HOST: '127.0.0.1',
      NODE_NAME: name,
      NODE_ENV: 'test',
      DRAIN_SECONDS: '1',
      LOG_LEVEL: 'info',
      ...ACCOUNT_ENV,
      // Everybody comes from this one address.
      HANDSHAKES_PER_MINUTE: '10000000',
      REQUESTS_PER_MINUTE: '10000000',
      MESSAGES_PER_MINUTE: '1000000000',
      ...(port === null ? {} : { PORT: String(port) }),
      ...options.env,
      ...extra,
    };
    return new Part(name, main, metricsPort, env, toRedis, toPostgres);
  };
  const workers = await Promise.all(
    Array.from({ length: options.workers ?? 1 }, (_, index) =>
      part(`worker-${index + 1}`, WORKER_MAIN, null, {}),
    ),
  );
  const nodes = await Promise.all(
    Array.from({ length: options.nodes }, async (_, index) => {
      const port = await freePort();
      const extra = options.nodeEnv?.(index) ?? {};
      const node = await part(`node-${index + 1}`, NODE_MAIN, port, extra);
      return Object.assign(node, {
        base: `ws://127.0.0.1:${port}`,
        isReady: () => isReady(`http://127.0.0.1:${port}/readyz`),
      });
    }),
  );
  const parts = [...workers, ...nodes];
  await Promise.all(parts.map((each) => each.start()));

  const ownRedis = () => {
    if (redis === null) throw new Error("the Redis of this cluster is the caller's");
    return redis;
  };
  const bases = nodes.map(({ base }) => base);
  return {
    nodes,
    workers,
    bases,
    somebody: await signUp(bases[0] ?? '', 'Somebody', options.env?.['APP_URL']),
    redisPort,
    redisUrl: options.redisUrl ?? `redis://127.0.0.1:${redisPort}`,
    postgres,
    database,
    redis: () => ownRedis(),
    async crashRedis() {
      await ownRedis().crash();
    },
    async startRedis(fileLimitBytes) {
      redis = await newRedis(fileLimitBytes);
    },
    async stop() {
      await Promise.all(parts.map((each) => each.process().stop({ deadlineMs: 5_000 })));
      await Promise.all(parts.flatMap(({ toRedis, toPostgres }) => [toRedis.close(), toPostgres.close()]));
      await database.close();
      await Promise.all([redis?.stop(), postgres.stop()]);
      removeTemporaryDirectory(redisDir);
    },
  };
}

class Part implements FaultPart {
  readonly name: string;
  readonly toRedis: FaultProxy;
  readonly toPostgres: FaultProxy;
  readonly #main: string;
  readonly #metricsPort: number;
  readonly #env: Readonly<Record<string, string>>;
  #process: RunningProcess | null = null;

  constructor(
    name: string,
    main: string,
    metricsPort: number,
    env: Readonly<Record<string, string>>,
    toRedis: FaultProxy,
    toPostgres: FaultProxy,
  ) {
    this.name = name;
    this.#main = main;
    this.#metricsPort = metricsPort;
    this.#env = env;
    this.toRedis = toRedis;
    this.toPostgres = toPostgres;
  }

  process(): RunningProcess {
    if (!this.#process) throw new Error(`${this.name} was not started`);
    return this.#process;
  }

  async start(): Promise<void> {
    this.#process = await startProcess({
      name: this.name,
      command: process.execPath,
      args: [...NODE_FLAGS, this.#main],
      env: this.#env,
      // The metrics are served by both, and before a node listens; a node is ready when it says so itself.
      ready: async () =>
        this.#env['PORT'] === undefined
          ? (await this.#scrape()).length > 0
          : await isReady(`http://127.0.0.1:${this.#env['PORT']}/readyz`),
      // An idle machine takes 2 s; one that runs other tests beside it a multiple.
      readyWithinMs: 110_000,
    });
  }

  async kill(): Promise<void> {
    await this.process().stop({ signal: 'SIGKILL' });
  }

  async metric(name: string, label = ''): Promise<number> {
    const values = (await this.#scrape())
      .split('\n')
      .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
      .filter((line) => line.includes(label))
      .map((line) => Number(line.slice(line.lastIndexOf(' '))));
    if (values.length === 0) throw new Error(`${this.name} has no metric ${name}`);
    return values.reduce((sum, value) => sum + value, 0);
  }

  memoryBytes(): number {
    const status = readFileSync(`/proc/${this.process().pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
  }

  async #scrape(): Promise<string> {
    const url = `http://127.0.0.1:${this.#metricsPort}/metrics`;
    return await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).text();
  }
}

async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
  return answer?.ok ?? false;
}
