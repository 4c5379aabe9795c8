import { Redis, type RedisOptions } from 'ioredis';

/** How long a command may take before its outcome counts as unknown (LOG6). */
const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A connection that leaves a command unanswered this long is given up: it may be up and lead nowhere (LOG6). */
const SILENT_MS = 4_000;

/**
 * A connection for commands that must not be repeated behind the caller's back: a command that was in flight when
 * the connection broke rejects (ioredis would send it again, and one append would become two), and while there is
 * no connection commands reject at once instead of queueing without bound.
 */
export function commandConnection(url: string, name: string, extra: RedisOptions = {}): Redis {
  const options: RedisOptions = {
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
  };
  return new Redis(url, { ...options, replyMapping: 'legacy' });
}

/** A connection that only listens. Subscriptions are renewed by {@link RedisSubscriptions}, which knows them all. */
export function listeningConnection(url: string, name: string): Redis {
  return commandConnection(url, name, { autoResubscribe: false, enableAutoPipelining: false });
}

/**
 * A Redis that refuses writes because it has become a replica: after a failover the name leads to another one, but a
 * connection that is up would stay with the old one for ever.
 */
export function isDemoted(error: Error): boolean {
  return error.message.startsWith('READONLY');
}

/** Quick first tries, because an editing session waits; then twice a second, for as long as it takes. */
function retryStrategy(attempt: number): number {
  return Math.min(50 * attempt, 500);
}
