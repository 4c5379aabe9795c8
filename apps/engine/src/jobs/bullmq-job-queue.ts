import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { deadline } from '../lifecycle/deadline.ts';
import { systemTimers } from '../lifecycle/timers.ts';
import { commandConnection } from '../log/redis-connection.ts';
import type { DocId } from '../protocol/ids.ts';
import type { RedisTopology } from '../redis/redis-topology.ts';
import { leadTo } from '../redis/slot-connector.ts';
import type { Traceparent } from '../tracing/traceparent.ts';
import {
  FOLD,
  type FoldJobData,
  foldDeduplication,
  JOBS_PREFIX,
  QUEUE_NAME,
  queueOptions,
} from './bullmq-connection.ts';
import type { JobCounts, JobQueue } from './job-queue.ts';
import { RedisClock } from './redis-clock.ts';

const CONNECT_MS = 8_000;
const CLOSE_MS = 2_000;
/** Above the connection's own limit for a command (2 s): a job takes up to three. */
const ADD_MS = 7_000;
const ASK_MS = 4_000;

export type BullMqOptions = {
  /** `redis://…`, or the cluster. */
  readonly url: string | RedisTopology;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
  /** Of all keys, with a hash tag; only tests give another. */
  readonly prefix?: string;
};

/**
 * Jobs in Redis by BullMQ. One deduplication id per document keeps one fold waiting at most; with `keepLastIfActive` a
 * request that arrives while the fold runs becomes the next one, instead of being dropped (SNAP5).
 *
 * Scheduling fails at once while Redis is away: whoever asks, asks again.
 */
export class BullMqJobQueue implements JobQueue {
  readonly #redis: Redis;
  readonly #place: string | RedisTopology;
  readonly #queue: Queue<FoldJobData>;
  readonly #clock: RedisClock;

  /** Connects; rejects when Redis does not answer. */
  static async connect(options: BullMqOptions): Promise<BullMqJobQueue> {
    const place = leadTo(options.url, options.prefix ?? JOBS_PREFIX);
    const redis = commandConnection(place.url, `${options.name}:jobs`, {
      enableAutoPipelining: false,
      ...place.options,
    });
    redis.on('error', options.onError);
    try {
      await deadline(redis.connect(), CONNECT_MS, 'connecting to Redis for jobs');
    } catch (error) {
      redis.disconnect();
      throw error;
    }
    return new BullMqJobQueue(redis, options);
  }

  private constructor(redis: Redis, { url, onError, prefix = JOBS_PREFIX }: BullMqOptions) {
    this.#redis = redis;
    this.#place = url;
    this.#clock = new RedisClock(redis, systemTimers);
    this.#queue = new Queue(QUEUE_NAME, queueOptions(redis, prefix));
    this.#queue.on('error', onError);
  }

  async scheduleFold(docId: DocId, delayMs: number, cause?: Traceparent | null): Promise<void> {
    await deadline(this.#add(docId, delayMs, cause ?? null), ADD_MS, 'scheduling a fold');
  }

  async #add(docId: DocId, delay: number, cause: Traceparent | null): Promise<void> {
    const timestamp = await this.#clock.now();
    const deduplication = foldDeduplication(docId, delay);
    const data = cause === null ? { docId } : { docId, cause };
    await this.#queue.add(FOLD, data, { timestamp, delay, deduplication });
  }

  /** The time as Redis has it, in ms since 1970; rejects when it has to be asked and does not answer. */
  storeNow(): Promise<number> {
    return this.#clock.now();
  }

  /** How many jobs wait for a worker, for their time, or run. Rejects when Redis does not answer. */
  async counts(): Promise<JobCounts> {
    const asked = this.#queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
    const {
      waiting = 0,
      active = 0,
      delayed = 0,
      failed = 0,
    } = await deadline(asked, ASK_MS, 'counting jobs');
    return { waiting, active, delayed, failed };
  }

  /**
   * What Redis says of itself (https://redis.io/commands/info), each master of a cluster. Rejects when one does not
   * answer.
   */
  async storeInfos(): Promise<string[]> {
    const asked =
      typeof this.#place === 'string' ? this.#redis.info().then((info) => [info]) : this.#place.infos();
    return await deadline(asked, ASK_MS, 'asking Redis about itself');
  }

  async close(): Promise<void> {
    await deadline(this.#queue.close(), CLOSE_MS, 'closing the job queue').catch(() => {});
    this.#redis.disconnect();
  }
}
