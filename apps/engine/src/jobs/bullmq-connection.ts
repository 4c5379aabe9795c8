import type { DeduplicationOptions, JobsOptions, QueueOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { isDemoted, newRedis } from '../log/redis-connection.ts';
import type { RedisTopology } from '../redis/redis-topology.ts';
import { leadTo } from '../redis/slot-connector.ts';

/** BullMQ's keys carry one hash tag, because its scripts touch several keys of a queue (Redis Cluster). */
export const JOBS_PREFIX = '{kry-jobs}';
export const QUEUE_NAME = 'documents';

/** The kinds of jobs in the queue. */
export const FOLD = 'fold';
export const SWEEP = 'sweep';

export type FoldJobData = {
  readonly docId: string;
  /** The traceparent of the span that asked, where tracing is on. */
  readonly cause?: string;
};

/** BullMQ counts attempts; ours end when the work is done or the document is set aside. */
const UNTIL_IT_WORKS = 1_000_000;
/** Failed jobs are logged by the worker; a few stay to be looked at. */
const KEPT_FAILURES = 200;
/** A worker waits for jobs for a second at a time: a connection that is silent for so long leads nowhere. */
const SILENT_MS = 8_000;

export const JOB_OPTIONS: JobsOptions = {
  attempts: UNTIL_IT_WORKS,
  backoff: { type: 'custom' },
  stackTraceLimit: 1,
  removeOnComplete: true,
  removeOnFail: { count: KEPT_FAILURES },
};

/**
 * One fold of a document waits at most, and a request during its run becomes the next one. A request without delay
 * (from the sweep) brings a waiting fold forward.
 */
export function foldDeduplication(docId: string, delayMs: number): DeduplicationOptions {
  return { id: `${FOLD}-${docId}`, keepLastIfActive: true, reschedule: delayMs === 0 };
}

/** For workers: commands wait for Redis to come back, as BullMQ requires of them. */
export function workerConnection(at: string | RedisTopology, prefix: string, name: string): Redis {
  const { url, options } = leadTo(at, prefix);
  return newRedis(url, {
    connectionName: name,
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    socketTimeout: SILENT_MS,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1_000),
    reconnectOnError: isDemoted,
    ...options,
  });
}

export function queueOptions(connection: Redis, prefix: string): QueueOptions {
  return {
    connection,
    prefix,
    skipVersionCheck: true,
    skipMetasUpdate: true,
    defaultJobOptions: JOB_OPTIONS,
  };
}
