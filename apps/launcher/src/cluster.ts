import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embeddedSecret } from '@kryton/engine/config/embedded-secret.ts';
import { type Config, loadConfig } from '@kryton/engine/config/load-config.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { startPglite } from '@kryton/engine/database/pglite-host.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import { listenError } from '@kryton/engine/lifecycle/listen-error.ts';
import { runServices } from '@kryton/engine/lifecycle/run-services.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { pause, systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { NODE_FLAGS } from '@kryton/server/node-flags.ts';
import { Children } from './children.ts';
import { renderNginxConfig } from './nginx-config.ts';
import { findProgram, installHint } from './programs.ts';

export type ClusterOptions = { readonly nodes: number; readonly port: number };

const NODE_MAIN = fileURLToPath(new URL('../../server/src/main.ts', import.meta.url));
const WORKER_MAIN = fileURLToPath(new URL('../../worker/src/main.ts', import.meta.url));
const READY_WITHIN_MS = 60_000;
const REDIS_STOP_MS = 15_000;
const WORKER_STOP_MS = 30_000;
const DEADLINES = { startMs: 120_000, drainMs: 60_000, stopMs: 60_000 };

/**
 * `npm run cluster`: a whole cluster on this machine. Redis (unless REDIS_URL names one) and PostgreSQL (DATABASE_URL,
 * or PGlite served on a private socket), a worker, nodes on P+1 … P+N and nginx in front on P. The data is in DATA_DIR.
 */
export async function startCluster(env: NodeJS.ProcessEnv, options: ClusterOptions): Promise<void> {
  const config = loadConfig({ ...env, REDIS_URL: undefined, DATABASE_URL: undefined }, { role: 'embedded' });
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  const children = new Children(print);
  const closing: (() => Promise<unknown>)[] = [];
  const died = Promise.withResolvers<never>();
  // Once the cluster runs, a death is told to the services instead.
  died.promise.catch(() => {});
  let failed = (reason: string) => died.reject(new StartupError(`${reason}: see the lines above`));
  children.onDeath((reason) => failed(reason));
  const service = {
    name: 'cluster',
    run: () => Promise.race([open(), died.promise]),
    async drain() {
      await children.stopAll('nginx');
      await children.stopAll('node-');
    },
    async stop() {
      await children.stop();
      for (const close of closing.toReversed()) await close();
    },
  };
  async function open(): Promise<void> {
    const ports = Array.from({ length: options.nodes }, (_, index) => options.port + 1 + index);
    for (const port of [options.port, ...ports]) await assertFree(config.host, port);
    const dataDir = resolve(config.dataDir);
    mkdirSync(dataDir, { recursive: true });
    const redisUrl = env['REDIS_URL'] ?? (await startRedis(children, join(dataDir, 'redis')));
    for (const warning of await checkRedis(redisUrl)) print(warning);
    const databaseUrl =
      env['DATABASE_URL'] ?? (await openPglite(dataDir, closing, (reason) => failed(reason)));
    await migrateDatabase(databaseUrl);
    mkdirSync(dataDir, { recursive: true });
    const shared = {
      ...env,
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      BETTER_AUTH_SECRET: config.authSecret ?? embeddedSecret(dataDir),
      LOG_LEVEL: env['LOG_LEVEL'] ?? 'warn',
    };
    await startWorker(children, shared, config);
    const proxy = `http://localhost:${options.port}`;
    const metrics = (index: number) => (config.metricsPort === 0 ? 0 : config.metricsPort + index);
    for (const [index, port] of ports.entries()) {
      await children.start({
        name: `node-${index + 1}`,
        command: process.execPath,
        args: [...NODE_FLAGS, NODE_MAIN],
        env: {
          ...shared,
          PORT: String(port),
          NODE_NAME: `node-${index + 1}`,
          METRICS_PORT: String(metrics(index)),
          APP_URL: env['APP_URL'] ?? proxy,
        },
        restarts: true,
        stopMs: config.drainMs + 15_000,
      });
    }
    await Promise.all(ports.map((port) => ready(port)));
    const front = await startNginx(children, join(dataDir, 'nginx'), options.port, ports);
    print(summary(front ? proxy : null, ports));
  }
  const running = await runServices([service], {
    deadlines: DEADLINES,
    process,
    log: { info: print, error: print },
  });
  failed = (reason) => running.fail(reason);
}

async function startRedis(children: Children, dir: string): Promise<string> {
  const command = findProgram('redis-server');
  if (!command) {
    throw new StartupError(
      `redis-server is missing: ${installHint('redis-server', 'redis')}, or set REDIS_URL to a running Redis 7`,
    );
  }
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  const settings = [
    '--port',
    port,
    '--bind',
    '127.0.0.1',
    '--dir',
    dir,
    '--save',
    '',
    '--loglevel',
    'warning',
  ];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--maxmemory-policy', 'noeviction'];
  const args = [...settings, ...durable].map(String);
  await children.start({ name: 'redis', command, args, stopMs: REDIS_STOP_MS });
  const url = `redis://127.0.0.1:${port}`;
  const until = performance.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await checkRedis(url);
      return url;
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(systemTimers, 50);
    }
  }
}

async function openPglite(
  dataDir: string,
  closing: (() => Promise<unknown>)[],
  onFailure: (reason: string) => void,
): Promise<string> {
  const host = await startPglite({ dataDir });
  closing.push(() => host.stop());
  host.onFailure((error) => onFailure(error.message));
  return host.url;
}

async function migrateDatabase(url: string): Promise<void> {
  const { db, close } = await connectDatabase({ url }, { applicationName: 'kryton-launcher' });
  try {
    await migrate(db);
  } finally {
    await close();
  }
}

async function startWorker(children: Children, env: NodeJS.ProcessEnv, config: Config): Promise<void> {
  const port = config.metricsPort === 0 ? 0 : config.metricsPort + 100;
  await children.start({
    name: 'worker',
    command: process.execPath,
    args: [WORKER_MAIN],
    env: { ...env, METRICS_PORT: String(port), NODE_NAME: 'worker-1' },
    restarts: true,
    stopMs: WORKER_STOP_MS,
  });
}

/** False when there is no nginx: the nodes' own ports work too. */
async function startNginx(
  children: Children,
  dir: string,
  port: number,
  nodePorts: number[],
): Promise<boolean> {
  const command = findProgram('nginx');
  if (!command) return false;
  mkdirSync(dir, { recursive: true });
  const file = join(dir, 'nginx.conf');
  writeFileSync(file, renderNginxConfig({ dir, port, nodePorts }));
  await children.start({ name: 'nginx', command, args: ['-p', dir, '-c', file], stopMs: 5_000 });
  await ready(port);
  return true;
}

/** Resolves when `/readyz` on this port answers 200; rejects with a StartupError after a minute. */
async function ready(port: number): Promise<void> {
  const until = performance.now() + READY_WITHIN_MS;
  while (performance.now() < until) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, {
      signal: AbortSignal.timeout(2_000),
    }).catch(() => null);
    if (answer?.ok) return;
    await pause(systemTimers, 50);
  }
  throw new StartupError(
    `nothing ready on port ${port} within ${READY_WITHIN_MS / 1000} s: see the lines above`,
  );
}

async function assertFree(host: string, port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((done, fail) => {
    server.once('error', (cause) => fail(listenError('--port', host, port, cause)));
    server.listen(port, host, () => server.close(() => done()));
  });
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function summary(proxy: string | null, ports: readonly number[]): string {
  const nodes = ports.map((port, index) => `    node-${index + 1}   http://localhost:${port}/?doc=hello`);
  const front = proxy
    ? [`    nginx    ${proxy}/?doc=hello`]
    : [`    There is no nginx, so nothing stands in front: ${installHint('nginx', 'nginx')} to have one.`];
  return [
    '',
    `  Kryton Cluster is running: ${ports.length} nodes and a worker.`,
    '',
    ...front,
    ...nodes,
    '',
    '  Ctrl-C ends it.',
    '',
  ].join('\n');
}
