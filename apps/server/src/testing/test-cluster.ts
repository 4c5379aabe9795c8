import { randomUUID } from 'node:crypto';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import type { Database } from '@kryton/engine/database/schema.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { Redis } from 'ioredis';
import type { Kysely } from 'kysely';
import { startTestNode, type TestNode, type TestNodeOptions } from './test-node.ts';

/** Nodes in this process on one Redis and one database of their own. */
export type TestCluster = {
  readonly nodes: readonly TestNode[];
  readonly redis: Redis;
  readonly snapshots: SnapshotStore;
  readonly database: Kysely<Database>;
  start(options?: Partial<TestNodeOptions>): Promise<TestNode>;
  stop(): Promise<void>;
};

type NodesOptions = readonly Partial<TestNodeOptions>[];

/** `urls` come from vitest's `inject`; options that need the database are made from it. */
export async function startTestCluster(
  urls: { readonly redisUrl: string; readonly postgresUrl: string },
  nodes: NodesOptions | ((database: Kysely<Database>) => NodesOptions),
): Promise<TestCluster> {
  const url = await createDatabase(urls.postgresUrl);
  const database = await connectDatabase({ url }, { applicationName: 'test' });
  await migrate(database.db);
  const snapshots = new PostgresSnapshotStore(database.db);
  const redis = new Redis(urls.redisUrl);
  const running: TestNode[] = [];
  const start = async (options: Partial<TestNodeOptions> = {}) => {
    const name = `node-${running.length + 1}`;
    const node = await startTestNode({ name, redisUrl: urls.redisUrl, snapshots, ...options });
    running.push(node);
    return node;
  };
  for (const options of typeof nodes === 'function' ? nodes(database.db) : nodes) await start(options);
  return {
    nodes: running,
    redis,
    snapshots,
    database: database.db,
    start,
    async stop() {
      await Promise.all(running.map((node) => node.stop()));
      redis.disconnect();
      await database.close();
    },
  };
}

/** A document id that no other test uses. */
export function freshDoc(): DocId {
  const docId = parseDocId(randomUUID());
  if (docId === null) throw new Error('a UUID is a document id');
  return docId;
}

/** The node at `index`; throws when there are fewer. */
export function nodeAt(cluster: TestCluster, index: number): TestNode {
  const node = cluster.nodes[index];
  if (!node) throw new Error(`there is no node ${index}`);
  return node;
}

/** Where clients of a node connect. */
export function baseOf(node: TestNode): string {
  return `ws://127.0.0.1:${node.port}`;
}
