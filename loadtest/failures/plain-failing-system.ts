import { startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { startFaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import type { FailingNode, FailingSystem } from './failing-system.ts';
import { Supervised } from './supervised.ts';

export type PlainParts = Pick<FailingSystem, 'name' | 'acknowledgement' | 'configuration' | 'saves'> & {
  /** The file of one node, which takes `PORT` and `REDIS_PORT` and answers HTTP once it is ready. */
  readonly main: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A client whose server is `ws://127.0.0.1:<port>`. */
  client(base: string, docId: string, name: string): ReturnType<FailingSystem['open']>;
  /** What else is to be stopped in the end. */
  close?(): Promise<unknown>;
};

/** The connections of ioredis say SUBSCRIBE early, after what they ask to know whether Redis is ready. */
const SUBSCRIPTION = /\bp?subscribe\b/i;
const READY_WITHIN_MS = 110_000;

/** A system of nothing but two nodes and one Redis, which writes every command to disk as that of Kryton does. */
export async function startPlainSystem(parts: PlainParts): Promise<FailingSystem> {
  const dir = temporaryDirectory('redis');
  const redisPort = await freePort();
  const newRedis = () => startRedis({ aof: true, dir, port: redisPort });
  let redis = await newRedis();
  const nodes = [await plainNode(parts, redisPort), await plainNode(parts, redisPort)] as const;
  await Promise.all(nodes.map((node) => node.start()));
  const { name, acknowledgement, configuration, saves } = parts;
  return {
    ...{ name, acknowledgement, configuration, saves, nodes, redisPort },
    subscription: SUBSCRIPTION,
    async crashRedis() {
      await redis.crash();
    },
    async startRedis() {
      redis = await newRedis();
    },
    open: (node, docId, client) => parts.client(`ws://127.0.0.1:${nodes[node].door.port}`, docId, client),
    async stop() {
      await Promise.all(nodes.map((node) => node.kill()));
      await Promise.all(nodes.flatMap(({ door, toRedis }) => [door.close(), toRedis.close()]));
      await redis.stop();
      removeTemporaryDirectory(dir);
      await parts.close?.();
    },
  };
}

async function plainNode({ name, main, env = {} }: PlainParts, redisPort: number): Promise<FailingNode> {
  const port = await freePort();
  const toRedis = await startFaultProxy(redisPort);
  const supervised = new Supervised(() =>
    startProcess({
      name: `${name} on ${port}`,
      command: process.execPath,
      args: [main],
      env: { PORT: String(port), REDIS_PORT: String(toRedis.port), ...env },
      ready: () => answers(port),
      readyWithinMs: READY_WITHIN_MS,
    }),
  );
  return {
    port,
    door: await startFaultProxy(port),
    toRedis,
    ends: () => supervised.ends,
    start: () => supervised.start(),
    stop: () => supervised.stop('SIGTERM'),
    kill: () => supervised.stop('SIGKILL'),
  };
}

async function answers(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) })).ok;
}
