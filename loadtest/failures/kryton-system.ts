import { startFaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import { type FaultNode, startFaultCluster } from '@kryton/launcher/testing/fault-cluster.ts';
import type { FailingNode, StartFailingSystem } from './failing-system.ts';
import { krytonClient } from './kryton-client.ts';
import { Saves } from './saves.ts';
import { Supervised } from './supervised.ts';

/** Kryton: two nodes, a worker, Redis with an append-only file, PostgreSQL. */
export const startFailingKryton: StartFailingSystem = async () => {
  const cluster = await startFaultCluster({ nodes: 2, appendfsync: 'always' });
  const [first, second] = await Promise.all(cluster.nodes.map(failingNode));
  if (!first || !second) throw new Error('the cluster has no two nodes');
  const nodes = [first, second] as const;
  return {
    name: 'Kryton',
    acknowledgement:
      'the echo of a barrier (message type 102) that a stock y-websocket client sends behind each edit',
    configuration:
      'Redis with `appendonly yes`, `appendfsync always` as in infra/compose.yaml; PostgreSQL; one worker; defaults',
    nodes,
    subscription: /:live/,
    saves: new Saves(cluster.database.db, { table: 'document_snapshots', idColumn: 'doc_id' }),
    redisPort: cluster.redisPort,
    crashRedis: () => cluster.crashRedis(),
    startRedis: () => cluster.startRedis(),
    open: (node, docId, name) =>
      krytonClient(`ws://127.0.0.1:${nodes[node].door.port}`, docId, name, cluster.somebody),
    async stop() {
      await Promise.all(nodes.map(({ door }) => door.close()));
      // Else whoever looks after them starts them again, for ever.
      await Promise.all(nodes.map((node) => node.stop()));
      await cluster.stop();
    },
  };
};

async function failingNode(node: FaultNode): Promise<FailingNode> {
  const port = Number(new URL(node.base).port);
  const supervised = new Supervised(async () => {
    await node.start();
    return node.process();
  });
  // Until then the cluster has started it, and nothing looks after it.
  await node.kill();
  await supervised.start();
  return {
    port,
    door: await startFaultProxy(port),
    toRedis: node.toRedis,
    ends: () => supervised.ends,
    start: () => supervised.start(),
    stop: () => supervised.stop('SIGTERM'),
    kill: () => supervised.stop('SIGKILL'),
  };
}
