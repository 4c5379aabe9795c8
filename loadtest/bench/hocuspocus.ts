import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { onServerCore, pin, SERVER_CORE } from './cores.ts';
import { hocuspocusDialect } from './hocuspocus-dialect.ts';
import { DEFAULT_NODES, type StartSystem, type SystemUnderTest } from './system.ts';

const MAIN = fileURLToPath(new URL('./hocuspocus-main.ts', import.meta.url));

/** Hocuspocus with its Redis extension: its servers, one Redis, no persistence, no authentication. */
export const startHocuspocus: StartSystem = async ({ nodes: nodeCount = DEFAULT_NODES } = {}) => {
  // What passes through it is not kept; with files it would only be slower.
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
      nodes = await Promise.all(ports.map((port) => startNode(port, redis.port)));
    };
    await startNodes();
    return {
      name: 'Hocuspocus',
      nodeCount,
      documents: async (count) => Array.from({ length: count }, () => randomUUID()),
      doorOf: (node, docId) => ({
        url: `ws://127.0.0.1:${ports[node]}`,
        headers: {},
        dialect: hocuspocusDialect(docId),
      }),
      parts: () => [
        ...nodes.map((process) => ({ role: 'node', process, isCounted: true })),
        { role: 'redis', process: redis.process, isCounted: true },
      ],
      async persisted(docId) {
        throw new Error(`Hocuspocus keeps nothing here, so ${docId} is never stored`);
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

function startNode(port: number, redisPort: number): Promise<RunningProcess> {
  return startProcess({
    name: `Hocuspocus on ${port}`,
    ...onServerCore(process.execPath, [MAIN]),
    env: { PORT: String(port), REDIS_PORT: String(redisPort) },
    ready: async () => (await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(2_000) })).ok,
    readyWithinMs: 30_000,
  });
}

/** At once: leaving in order takes it a second for its documents, and nothing is kept. */
async function stopAll(nodes: readonly RunningProcess[]): Promise<void> {
  await Promise.all(nodes.map((process) => process.stop({ signal: 'SIGKILL' })));
}
