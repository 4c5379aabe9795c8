import { ClusterMessageBus } from '../bus/cluster-message-bus.ts';
import type { MessageBus } from '../bus/message-bus.ts';
import { RedisMessageBus } from '../bus/redis-message-bus.ts';
import { parseRedisUrl } from '../config/redis-url.ts';
import { ClusterSharedCounters } from '../counters/cluster-shared-counters.ts';
import { RedisSharedCounters } from '../counters/redis-shared-counters.ts';
import type { SharedCounters } from '../counters/shared-counters.ts';
import type { BullMqOptions } from '../jobs/bullmq-job-queue.ts';
import { ClusterUpdateLog } from '../log/cluster-update-log.ts';
import { RedisUpdateLog } from '../log/redis-update-log.ts';
import type { UpdateLog } from '../log/update-log.ts';
import { RedisRoster } from '../roster/redis-roster.ts';
import type { Roster } from '../roster/roster.ts';
import { ClusterSessionStorage } from '../sessions/cluster-session-storage.ts';
import { RedisSessionStorage } from '../sessions/redis-session-storage.ts';
import type { SessionStorage } from '../sessions/session-storage.ts';
import { RedisTopology } from './redis-topology.ts';

export type RedisStoresOptions = {
  /** `REDIS_URL`: one server, sentinels or a cluster. */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
};

/** Opens what lives in Redis. What each resolves with is the caller's to close; `close` ends the rest. */
export type RedisStores = {
  /** `replicas`: so many must have an entry before its append resolves; 0 unless told. */
  updateLog(options?: { readonly replicas?: number }): Promise<UpdateLog>;
  messageBus(): Promise<MessageBus>;
  sessionStorage(): Promise<SessionStorage>;
  sharedCounters(): Promise<SharedCounters>;
  roster(): Promise<Roster>;
  /** Where the jobs are, for `BullMqJobQueue` and `BullMqJobProcessor`. */
  readonly jobs: BullMqOptions;
  close(): Promise<void>;
};

/** Reads the URL and, where it leads to a cluster, asks for its masters. Rejects when no server answers. */
export async function connectRedis({ url, name, onError }: RedisStoresOptions): Promise<RedisStores> {
  const target = parseRedisUrl(url);
  if (target.kind !== 'cluster') {
    const server = { url, name, onError };
    return {
      updateLog: (options) => RedisUpdateLog.connect({ ...server, ...options }),
      messageBus: () => RedisMessageBus.connect(server),
      sessionStorage: () => RedisSessionStorage.connect(server),
      sharedCounters: () => RedisSharedCounters.connect(server),
      roster: () => RedisRoster.connect(server),
      jobs: server,
      async close() {},
    };
  }
  const topology = await RedisTopology.connect({ target, name, onError });
  const cluster = { topology, name, onError };
  return {
    updateLog: (options) => ClusterUpdateLog.connect({ ...cluster, ...options }),
    messageBus: () => ClusterMessageBus.connect(cluster),
    sessionStorage: () => ClusterSessionStorage.connect(cluster),
    sharedCounters: () => ClusterSharedCounters.connect(cluster),
    roster: () => RedisRoster.connect({ url: topology, name, onError }),
    jobs: { url: topology, name, onError },
    async close() {
      topology.close();
    },
  };
}
