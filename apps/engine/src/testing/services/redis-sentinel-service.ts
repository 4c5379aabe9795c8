import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { startProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { findExecutable } from './installed.ts';
import type { RedisShard } from './redis-cluster-service.ts';
import { answersPing, startRedis } from './redis-service.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

const MASTER = 'kryton';
const SENTINELS = 3;

/** A master with replicas, and three sentinels that watch them, on 127.0.0.1. */
export type RedisSentinelService = RedisShard & {
  /** `redis+sentinel://…` with all sentinels. */
  readonly url: string;
  stop(): Promise<void>;
};

/** Resolves when the sentinels know each other and every replica. `downAfterMs`: when they take a server for gone. */
export async function startRedisSentinel(options: {
  readonly replicas: number;
  readonly downAfterMs: number;
}): Promise<RedisSentinelService> {
  const root = temporaryDirectory('redis-sentinel');
  const start = async (args: readonly string[]) => {
    const port = await freePort();
    const dir = join(root, String(port));
    mkdirSync(dir);
    return await startRedis({ aof: true, dir, port, args: ['--repl-diskless-sync-delay', '0', ...args] });
  };
  const master = await start([]);
  const follow = ['--replicaof', `127.0.0.1 ${master.port}`];
  const replicas = await Promise.all(Array.from({ length: options.replicas }, () => start(follow)));
  const sentinels = await Promise.all(
    Array.from({ length: SENTINELS }, () => startSentinel(root, master.port, options.downAfterMs)),
  );
  for (const { port } of sentinels) {
    await eventually(() => knowsAll(port, options.replicas), {
      what: 'the sentinels know each other and the replicas',
      withinMs: 30_000,
    });
  }
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${MASTER}`,
    master,
    replicas,
    async stop() {
      await Promise.all(sentinels.map(({ running }) => running.stop({ signal: 'SIGKILL' })));
      await Promise.all([master, ...replicas].map((each) => each.crash()));
      removeTemporaryDirectory(root);
    },
  };
}

async function startSentinel(root: string, masterPort: number, downAfterMs: number) {
  const command = findExecutable('redis-server');
  if (command === null) throw new Error('redis-server is not installed');
  const port = await freePort();
  const file = join(root, `sentinel-${port}.conf`);
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${root}`,
    `sentinel monitor ${MASTER} 127.0.0.1 ${masterPort} 2`,
    `sentinel down-after-milliseconds ${MASTER} ${downAfterMs}`,
    `sentinel failover-timeout ${MASTER} ${downAfterMs * 5}`,
  ];
  // A sentinel writes down in it what it learns.
  writeFileSync(file, `${lines.join('\n')}\n`);
  const running = await startProcess({
    name: `sentinel on port ${port}`,
    command,
    args: [file, '--sentinel'],
    ready: () => answersPing(port),
    readyWithinMs: 30_000,
  });
  return { running, port };
}

async function knowsAll(port: number, replicas: number): Promise<boolean> {
  const sentinel = new Redis({ host: '127.0.0.1', port, replyMapping: 'legacy' });
  try {
    const info = String(await sentinel.info('sentinel'));
    return info.includes(`status=ok`) && info.includes(`slaves=${replicas},sentinels=${SENTINELS}`);
  } finally {
    sentinel.disconnect();
  }
}
