import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type NginxService, startNginx } from '@kryton/engine/testing/services/nginx-service.ts';
import {
  type RedisSentinelService,
  startRedisSentinel,
} from '@kryton/engine/testing/services/redis-sentinel-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { renderNginxConfig } from '@kryton/launcher/nginx-config.ts';
import { type FaultCluster, startFaultCluster } from '@kryton/launcher/testing/fault-cluster.ts';
import { ACCOUNT_ENV, PAGE_ORIGIN } from '@kryton/server/testing/sign-up.ts';
import { People } from '../bench/people.ts';
import { createPeople } from '../bench/sign-ins/sign-in-crowd.ts';
import type { SessionSeed } from './load-plan.ts';
import type { Target } from './target.ts';

/** When the sentinels take a master for gone, as in production. */
const GONE_AFTER_MS = 2_000;

/** A cluster on this machine: nodes behind the nginx of `infra/`, a worker, Redis and PostgreSQL, as real processes. */
export type LocalTarget = Target & {
  readonly cluster: FaultCluster;
  /** Of Redis behind Sentinel; null with one server. */
  readonly sentinel: RedisSentinelService | null;
  /** Ends every connection in one moment, and takes new ones at once. */
  restartNginx(): Promise<void>;
  /** Another nginx in front of these ports; ended with the rest. */
  front(nodePorts: readonly number[]): Promise<NginxService>;
  stop(): Promise<void>;
};

export type LocalOptions = {
  readonly nodes: number;
  /** A master of Redis that has a replica and sentinels, instead of one server. */
  readonly hasSentinel?: boolean;
};

/** Resolves when every node is ready; what was started ends with `stop`, and when this process dies. */
export async function startLocalTarget({ nodes, hasSentinel = false }: LocalOptions): Promise<LocalTarget> {
  const closing: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closing.toReversed()) await close();
  };
  try {
    const sentinel = hasSentinel
      ? await startRedisSentinel({ replicas: 2, downAfterMs: GONE_AFTER_MS })
      : null;
    if (sentinel) closing.push(() => sentinel.stop());
    const cluster = await startFaultCluster({
      nodes,
      isDirect: true,
      appendfsync: 'everysec',
      env: {
        LOG_LEVEL: 'warn',
        DRAIN_SECONDS: '5',
        USER_CONNECTIONS: '1000000',
        ...(sentinel ? { REDIS_WAIT_REPLICAS: '1' } : {}),
      },
      ...(sentinel ? { redisUrl: sentinel.url } : {}),
    });
    closing.push(() => cluster.stop());
    const front = async (nodePorts: readonly number[], port?: number) => {
      const nginx = await startFront(nodePorts, port ?? (await freePort()));
      closing.push(() => nginx.stop());
      return nginx;
    };
    const ports = cluster.nodes.map(({ base }) => Number(new URL(base).port));
    let nginx = await front(ports);
    const { url } = nginx;
    return {
      url,
      cluster,
      sentinel,
      sessions: await sessionsOf(cluster),
      front,
      async restartNginx() {
        await nginx.stop();
        nginx = await front(ports, Number(new URL(url).port));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startFront(nodePorts: readonly number[], port: number): Promise<NginxService> {
  const dir = temporaryDirectory('load-front');
  // `startNginx` gives these two itself.
  const text = renderNginxConfig({ dir, port, nodePorts }).replace(/^(pid .*|daemon off;)$/gm, '');
  const nginx = await startNginx({ config: { text }, port });
  return {
    ...nginx,
    async stop() {
      const ended = await nginx.stop();
      removeTemporaryDirectory(dir);
      return ended;
    },
  };
}

async function sessionsOf(cluster: FaultCluster): Promise<Target['sessions']> {
  const { db } = cluster.database;
  const people = await People.signedIn({
    database: db,
    redisUrl: cluster.redisUrl,
    secret: ACCOUNT_ENV.BETTER_AUTH_SECRET,
    origin: PAGE_ORIGIN,
  });
  return async (count, roomSize, late) => {
    const docIds = await people.documents(Math.ceil(count / Math.min(roomSize, count)));
    const latecomers = late === 0 ? null : await createPeople(db, late);
    return Array.from({ length: count }, (_, index): SessionSeed => {
      const docId = docIds[Math.floor(index / Math.min(roomSize, count))];
      if (docId === undefined) throw new Error('there are too few documents');
      const seed = { docId, credential: { headers: people.headersFor(docId) } };
      const email = latecomers?.emails[index - (count - late)];
      if (!latecomers || email === undefined) return seed;
      return { ...seed, signIn: { email, password: latecomers.password, origin: PAGE_ORIGIN } };
    });
  };
}
