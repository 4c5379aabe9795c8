import { randomUUID } from 'node:crypto';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { onServerCore, pin, SERVER_CORE } from '../cores.ts';
import { DEFAULT_NODES, type Door, type Holds, type StartSystem, type SystemUnderTest } from '../system.ts';

export type PlainNodes = {
  readonly name: string;
  /** The file of one node, which takes `PORT` and `REDIS_PORT` and answers HTTP once it is ready. */
  readonly main: string;
  readonly holds: Holds;
  doorOf(port: number, docId: string): Door;
};

/** A system of nothing but nodes and one Redis: no database, no worker, no accounts. */
export function plainSystem({ name, main, holds, doorOf }: PlainNodes): StartSystem {
  return async ({ nodes: nodeCount = DEFAULT_NODES } = {}) => {
    // Nothing of it is loaded again after Redis has ended; with files it would only be slower.
    const redis = await startRedis({ aof: false });
    let nodes: readonly RunningProcess[] = [];
    const stop = async () => {
      await stopAll(nodes);
      await redis.stop();
    };
    try {
      pin(SERVER_CORE, [redis.process.pid]);
      const ports = await Promise.all(Array.from({ length: nodeCount }, () => freePort()));
      const startNodes = async () => {
        nodes = await Promise.all(ports.map((port) => startNode(name, main, port, redis.port)));
      };
      await startNodes();
      return {
        name,
        nodeCount,
        redisPort: redis.port,
        holds,
        documents: async (count) => Array.from({ length: count }, () => randomUUID()),
        doorOf(node, docId) {
          const port = ports[node];
          if (port === undefined)
            throw new Error(`${name} has ${nodeCount} nodes, so none is number ${node}`);
          return doorOf(port, docId);
        },
        parts: () => [
          ...nodes.map((process) => ({ role: 'node', process, isCounted: true })),
          { role: 'redis', process: redis.process, isCounted: true },
        ],
        async persisted(docId) {
          throw new Error(`${name} has no storage here that a fresh node answers from, so not for ${docId}`);
        },
        async restartNodes() {
          await stopAll(nodes);
          await startNodes();
        },
        stop,
      } satisfies SystemUnderTest;
    } catch (error) {
      await stop();
      throw error;
    }
  };
}

function startNode(name: string, main: string, port: number, redisPort: number): Promise<RunningProcess> {
  return startProcess({
    name: `${name} on ${port}`,
    ...onServerCore(process.execPath, [main]),
    env: { PORT: String(port), REDIS_PORT: String(redisPort) },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: 30_000,
  });
}

/** At once: leaving in order takes Hocuspocus a second for its documents, and nothing is kept. */
async function stopAll(nodes: readonly RunningProcess[]): Promise<void> {
  await Promise.all(nodes.map((process) => process.stop({ signal: 'SIGKILL' })));
}
