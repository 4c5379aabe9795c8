import { Command, Redis, type RedisOptions } from 'ioredis';
import { parseRedisUrl, type RedisAccess, type RedisTarget } from '../config/redis-url.ts';
import type { RedisArgument } from '../redis/redis-command.ts';
import type { RedisReply } from '../redis/resp-reader.ts';

/** How long a command may take before its outcome counts as unknown (LOG6). */
export const COMMAND_TIMEOUT_MS = 2_000;
export const CONNECT_TIMEOUT_MS = 5_000;
/** A connection that leaves a command unanswered this long is given up: it may be up and lead nowhere (LOG6). */
export const SILENT_MS = 4_000;
/** A sentinel that does not say where the master is in this time is passed over. */
const SENTINEL_ANSWER_MS = 1_000;

/**
 * A connection for commands that must not be repeated behind the caller's back: a command that was in flight when
 * the connection broke rejects (ioredis would send it again, and one append would become two), and while there is
 * no connection commands reject at once instead of queueing without bound.
 */
export function commandConnection(url: string, name: string, extra: RedisOptions = {}): Redis {
  return newRedis(url, {
    connectionName: name,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENT_MS,
    enableAutoPipelining: true,
    noDelay: true,
    retryStrategy,
    reconnectOnError: isDemoted,
    ...extra,
  });
}

/** One command by its words, the reply as Redis gives it: ioredis has no `evalsha` for replies in bytes. */
export async function callThrough(redis: Redis, words: readonly RedisArgument[]): Promise<RedisReply> {
  const [name, ...args] = words;
  const command = new Command(String(name), args, { replyEncoding: null });
  void redis.sendCommand(command);
  return (await command.promise) as RedisReply;
}

/** A connection that only listens. Subscriptions are renewed by {@link RedisSubscriptions}, which knows them all. */
export function listeningConnection(url: string, name: string): Redis {
  return commandConnection(url, name, { autoResubscribe: false, enableAutoPipelining: false });
}

/**
 * Redis as `url` says: one server, or the one that its sentinels call the master at the time of each connection. The
 * servers of a cluster are connected to one by one (see `RedisTopology`): its own URL is a TypeError here.
 */
export function newRedis(url: string, options: RedisOptions): Redis {
  const target = parseRedisUrl(url);
  const settings = { ...options, replyMapping: 'legacy' } as const;
  switch (target.kind) {
    case 'server':
      if (target.access.servername === null) return new Redis(url, settings);
      return new Redis({ ...target.address, ...accessOptions(target.access), ...settings });
    case 'sentinel':
      return new Redis({ ...sentinelOptions(target), ...settings });
    case 'cluster':
      throw new TypeError('the URL of a cluster leads to no single server');
  }
}

/**
 * A Redis that refuses writes because it has become a replica: after a failover the name leads to another one, but a
 * connection that is up would stay with the old one for ever.
 */
export function isDemoted(error: Error): boolean {
  return error.message.startsWith('READONLY');
}

/** Quick first tries, because an editing session waits; then twice a second, for as long as it takes. */
export function retryStrategy(attempt: number): number {
  return Math.min(50 * attempt, 500);
}

function accessOptions({ username, password, isTls, servername }: RedisAccess): RedisOptions {
  return {
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(isTls && { tls: servername === null ? {} : { servername } }),
  };
}

export function sentinelOptions(target: Extract<RedisTarget, { kind: 'sentinel' }>) {
  const { sentinels, master, db, access, sentinelUsername, sentinelPassword } = target;
  const { tls, ...credentials } = accessOptions(access);
  return {
    sentinels: [...sentinels],
    name: master,
    db,
    ...credentials,
    ...(tls && { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    ...(sentinelUsername !== null && { sentinelUsername }),
    ...(sentinelPassword !== null && { sentinelPassword }),
    sentinelCommandTimeout: SENTINEL_ANSWER_MS,
    // All were asked, also those that told where a master is that does not answer. Without an answer here ioredis would
    // give up for good.
    sentinelRetryStrategy: retryStrategy,
    // Not the `failoverDetector` of ioredis 6: told of a failover while it looks for the master, a connection is over
    // for good. A master that is up and leads nowhere is noticed as any server is, by its silence.
  };
}
