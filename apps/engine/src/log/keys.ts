import type { DocId } from '../protocol/ids.ts';
import { parseDocId } from '../protocol/ids.ts';

/**
 * The names in Redis. `{docId}` is the hash tag: all keys and channels of a document live in one slot (LOG7).
 */
export const logKey = (docId: DocId): string => `kry:{${docId}}:log`;
/**
 * A hash that lives and expires with the log. `run`: the run of Redis in which the epoch began (see
 * {@link RedisRun}). `covered`: up to where a committed snapshot covers the log, as `epoch-seq`. `large`: the newest
 * entry that is not announced with its bytes, while it is in the log, with its time `largeAt` (ms); and then `last`: the end of the log, which Redis
 * otherwise tells only together with a copy of the first and the last entry (57 ms where one of them has 20 MB).
 */
export const metaKey = (docId: DocId): string => `kry:{${docId}}:meta`;
/** Written before replicas are waited for (see `RedisReplicas`), and never read. */
export const fenceKey = (docId: DocId): string => `kry:{${docId}}:fence`;

/** Announces each appended entry: one byte with the id's length, the id, the update (empty when too large). */
export const liveChannel = (docId: DocId): string => `kry:{${docId}}:live`;
/** Carries presence between nodes; nothing of it is stored. */
export const presenceChannel = (docId: DocId): string => `kry:{${docId}}:presence`;
/** Where a node listens for its own heartbeat (LOG5). */
export const nodeChannel = (nodeId: string): string => `kry:node:${nodeId}`;

/** Matches every {@link logKey}. */
export const LOG_KEY_PATTERN = 'kry:{*}:log';

/** The document of a {@link logKey}, or null for any other key. */
export function docIdOfLogKey(key: string): DocId | null {
  const name = /^kry:\{([^}]*)\}:log$/.exec(key)?.[1];
  return name === undefined ? null : parseDocId(name);
}
