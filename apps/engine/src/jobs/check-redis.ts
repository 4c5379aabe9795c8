import type { Redis } from 'ioredis';
import { InvalidValue } from '../config/parsers.ts';
import { parseRedisUrl, type RedisTarget, redisPlace } from '../config/redis-url.ts';
import { deadline } from '../lifecycle/deadline.ts';
import { StartupError } from '../lifecycle/startup-error.ts';
import { newRedis } from '../log/redis-connection.ts';
import { RedisTopology } from '../redis/redis-topology.ts';

const ANSWER_MS = 8_000;
/** Sharded publish/subscribe came with Redis 7.0. */
const OLDEST_MAJOR = 7;
/** A worker takes delayed jobs by its own clock: being this far behind puts folds off by as much. */
const CLOCK_TOLERANCE_MS = 2_000;

export type RedisNeeds = {
  /** How many replicas are waited for (`REDIS_WAIT_REPLICAS`); 0 unless told. */
  readonly replicas?: number;
};

/**
 * Makes sure that the Redis at `url`, or each master of the cluster there, can hold what is not yet folded, and the
 * jobs. Resolves with warnings about risks that an operator may take: no AOF, a wrong clock, too few replicas.
 *
 * Throws a {@link StartupError} when it is unreachable, older than 7, or may evict keys.
 */
export async function checkRedis(url: string, { replicas = 0 }: RedisNeeds = {}): Promise<string[]> {
  const target = read(url);
  const place = redisPlace(url);
  if (target.kind !== 'cluster') return await checkServer(url, place, replicas);
  let topology: RedisTopology | null = null;
  try {
    // Of servers that are away others tell; when none answers, what is thrown says so.
    topology = await RedisTopology.connect({ target, name: 'check', onError: () => {} });
  } catch (cause) {
    throw unreachable(place, cause);
  }
  const { masters, isWhole } = topology;
  topology.close();
  const broken = [
    `the Redis Cluster at ${place} is not whole: documents of some hash slots cannot be edited until it is`,
  ];
  const warnings = await Promise.all(
    masters.map((master) => checkServer(master, redisPlace(master), replicas)),
  );
  return [...(isWhole ? [] : broken), ...warnings.flat()];
}

function read(url: string): RedisTarget {
  try {
    return parseRedisUrl(url);
  } catch (cause) {
    if (!(cause instanceof InvalidValue)) throw cause;
    throw new StartupError(`REDIS_URL ${cause.message}`, { cause });
  }
}

async function checkServer(url: string, place: string, replicas: number): Promise<string[]> {
  const giveUp = () => null;
  const redis = newRedis(url, {
    lazyConnect: true,
    retryStrategy: giveUp,
    sentinelRetryStrategy: giveUp,
  });
  // Told by the rejection of `connect`.
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  try {
    const info = await deadline(readInfo(redis), ANSWER_MS, 'connecting to Redis');
    return [
      ...judge(info, place),
      ...judgeReplicas(Number(info.get('connected_slaves')), replicas, place),
      ...judgeClock(Number(info.get('server_time_usec')) / 1_000, place),
    ];
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw unreachable(place, lastError ?? error);
  } finally {
    redis.disconnect();
  }
}

async function readInfo(redis: Redis): Promise<Map<string, string>> {
  await redis.connect();
  const text = await redis.info();
  return new Map(
    text.split('\r\n').map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
}

/** Fields as INFO names them (redis.io/commands/info); Valkey reports the Redis it is compatible with. */
function judge(info: ReadonlyMap<string, string>, place: string): string[] {
  const version = info.get('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new StartupError(`Redis ${version} at ${place} is too old: use Redis 7 or later, or Valkey`);
  }
  const policy = info.get('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction') {
    throw new StartupError(
      `Redis at ${place} may evict keys, and with them edits (maxmemory-policy ${policy}): set it to noeviction`,
    );
  }
  if (info.get('aof_enabled') === '1') return [];
  return [
    `Redis at ${place} keeps no AOF: when it restarts, edits of the last seconds are lost; set appendonly yes`,
  ];
}

function judgeClock(redisMs: number, place: string): string[] {
  const aheadMs = Date.now() - redisMs;
  if (Number.isNaN(aheadMs) || Math.abs(aheadMs) < CLOCK_TOLERANCE_MS) return [];
  const off = `${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'}`;
  return [`the clock of this machine is ${off} that of Redis at ${place}: let both be set by NTP`];
}

function judgeReplicas(connected: number, needed: number, place: string): string[] {
  if (connected >= needed) return [];
  return [
    `Redis at ${place} has ${connected} replicas and REDIS_WAIT_REPLICAS is ${needed}: until it has more, no edit is acknowledged`,
  ];
}

function unreachable(place: string, cause: unknown): StartupError {
  const because = cause instanceof Error ? cause.message : String(cause);
  return new StartupError(`Redis is unreachable at ${place} (${because}): start it or correct REDIS_URL`, {
    cause,
  });
}
