import { Redis } from 'ioredis';
import { deadline } from '../lifecycle/deadline.ts';
import { StartupError } from '../lifecycle/startup-error.ts';

const ANSWER_MS = 8_000;
/** Sharded publish/subscribe came with Redis 7.0. */
const OLDEST_MAJOR = 7;
/** A worker takes delayed jobs by its own clock: being this far behind puts folds off by as much. */
const CLOCK_TOLERANCE_MS = 2_000;

/**
 * Makes sure that the Redis at `url` can hold what is not yet folded, and the jobs. Resolves with warnings about risks
 * that an operator may take: no AOF, a wrong clock.
 *
 * Throws a {@link StartupError} when it is unreachable, older than 7, or may evict keys.
 */
export async function checkRedis(url: string): Promise<string[]> {
  const place = placeOf(url);
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, replyMapping: 'legacy' });
  // Told by the rejection of `connect`.
  let lastError: unknown;
  redis.on('error', (error) => {
    lastError = error;
  });
  try {
    const info = await deadline(readInfo(redis), ANSWER_MS, 'connecting to Redis');
    return [...judge(info, place), ...judgeClock(Number(info.get('server_time_usec')) / 1_000, place)];
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const cause = lastError ?? error;
    const because = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(`Redis is unreachable at ${place} (${because}): start it or correct REDIS_URL`, {
      cause,
    });
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

function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'REDIS_URL';
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || 6379}`;
}
