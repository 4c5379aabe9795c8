import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { eventually } from '../eventually.ts';
import { freePort } from './free-port.ts';
import { type RedisService, startRedis } from './redis-service.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

const SLOTS = 16_384;

export type RedisClusterOptions = {
  readonly masters: number;
  /** How many replicas each master has, in their order; none unless told. */
  readonly replicas?: readonly number[];
  /** When a server counts as gone, ms; a failover takes about twice that. */
  readonly nodeTimeoutMs?: number;
  /** `appendfsync always` unless told that a test does without. */
  readonly aof?: boolean;
};

export type RedisShard = { readonly master: RedisService; readonly replicas: readonly RedisService[] };

/** A Redis Cluster of a test's own, on 127.0.0.1. */
export type RedisClusterService = {
  /** `redis+cluster://…` with all servers. */
  readonly url: string;
  /** In the order of their slots, each with as many; as they were at the start. */
  readonly shards: readonly RedisShard[];
  /** Moves a slot and its keys from one shard to another. */
  moveSlot(slot: number, from: RedisService, to: RedisService): Promise<void>;
  stop(): Promise<void>;
};

/** Starts the servers, gives them slots and replicas, and resolves when all agree that the cluster is well. */
export async function startRedisCluster(options: RedisClusterOptions): Promise<RedisClusterService> {
  const { masters, replicas = [], nodeTimeoutMs = 5_000, aof = true } = options;
  const root = temporaryDirectory('redis-cluster');
  // Of each replica; they come behind the masters.
  const masterOf = replicas.flatMap((count, master) => Array.from({ length: count }, () => master));
  const servers = await Promise.all(
    Array.from({ length: masters + masterOf.length }, () => startServer(root, nodeTimeoutMs, aof)),
  );
  const admins = servers.map(({ service }) => new Redis(service.url, { replyMapping: 'legacy' }));
  try {
    await meet(servers, admins, masters, masterOf);
  } finally {
    for (const admin of admins) admin.disconnect();
  }
  const services = servers.map(({ service }) => service);
  return {
    url: `redis+cluster://${services.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    shards: services.slice(0, masters).map((master, index) => ({
      master,
      replicas: services.slice(masters).filter((_, replica) => masterOf[replica] === index),
    })),
    moveSlot,
    async stop() {
      await Promise.all(services.map((service) => service.crash()));
      removeTemporaryDirectory(root);
    },
  };
}

type Server = { readonly service: RedisService; readonly busPort: number };

async function startServer(root: string, nodeTimeoutMs: number, aof: boolean): Promise<Server> {
  const [port, busPort] = [await freePort(), await freePort()];
  const dir = join(root, String(port));
  mkdirSync(dir);
  const cluster = [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    `${busPort}`,
    '--cluster-config-file',
    'nodes.conf',
  ];
  const manner = ['--cluster-node-timeout', `${nodeTimeoutMs}`, '--cluster-require-full-coverage', 'no'];
  const service = await startRedis({
    aof,
    dir,
    port,
    args: [...cluster, ...manner, '--repl-diskless-sync-delay', '0'],
  });
  return { service, busPort };
}

async function meet(
  servers: readonly Server[],
  admins: readonly Redis[],
  masters: number,
  masterOf: readonly number[],
): Promise<void> {
  const ids = await Promise.all(admins.map((admin) => admin.cluster('MYID')));
  const [first] = servers;
  await Promise.all(
    admins.map(async (admin, index) => {
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', index + 1);
      if (index < masters) {
        const bounds = [index, index + 1].map((each) => Math.floor((each * SLOTS) / masters));
        await admin.call('CLUSTER', 'ADDSLOTSRANGE', bounds[0] ?? 0, (bounds[1] ?? SLOTS) - 1);
      }
      if (index > 0 && first) {
        await admin.call('CLUSTER', 'MEET', '127.0.0.1', first.service.port, first.busPort);
      }
    }),
  );
  for (const [index, admin] of admins.entries()) {
    if (index < masters) continue;
    // It has to have heard of its master first.
    const master = String(ids[masterOf[index - masters] ?? 0]);
    await eventually(() => admin.call('CLUSTER', 'REPLICATE', master), {
      what: `a replica follows ${master}`,
      withinMs: 30_000,
    });
  }
  for (const [index, admin] of admins.entries()) {
    const what = 'all servers agree that the cluster is well, and every replica has a link to its master';
    await eventually(async () => await isWell(admin, admins.length, index >= masters), {
      what,
      withinMs: 30_000,
    });
  }
}

async function isWell(admin: Redis, count: number, isReplica: boolean): Promise<boolean> {
  const info = String(await admin.cluster('INFO'));
  // Without full coverage required, a cluster is well too whose slots are not all known yet.
  const isWhole = /^cluster_state:ok/m.test(info) && info.includes(`cluster_slots_assigned:${SLOTS}`);
  const knows = isWhole && info.includes(`cluster_known_nodes:${count}`);
  const role = await admin.info('replication');
  return (
    knows && /^role:slave/m.test(role) === isReplica && (!isReplica || /^master_link_status:up/m.test(role))
  );
}

/** redis.io/docs/reference/cluster-spec, "Cluster live reconfiguration". */
async function moveSlot(slot: number, from: RedisService, to: RedisService): Promise<void> {
  const [source, target] = [from, to].map(({ url }) => new Redis(url, { replyMapping: 'legacy' }));
  if (!source || !target) return;
  try {
    const [sourceId, targetId] = await Promise.all([source.cluster('MYID'), target.cluster('MYID')]);
    await target.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(sourceId));
    await source.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(targetId));
    const keys = await source.call('CLUSTER', 'GETKEYSINSLOT', slot, 1_000);
    if (Array.isArray(keys) && keys.length > 0) {
      await source.call('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys.map(String));
    }
    await target.call('CLUSTER', 'SETSLOT', slot, 'NODE', String(targetId));
    await source.call('CLUSTER', 'SETSLOT', slot, 'NODE', String(targetId));
  } finally {
    source.disconnect();
    target.disconnect();
  }
}
