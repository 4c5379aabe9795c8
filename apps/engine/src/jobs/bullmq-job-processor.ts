import { DelayedError, type Job, Queue, UnrecoverableError } from 'bullmq';
import type { Redis } from 'ioredis';
import { deadline } from '../lifecycle/deadline.ts';
import { parseDocId } from '../protocol/ids.ts';
import { parseTraceparent } from '../tracing/traceparent.ts';
import {
  type FoldJobData,
  JOBS_PREFIX,
  QUEUE_NAME,
  queueOptions,
  SWEEP,
  workerConnection,
} from './bullmq-connection.ts';
import type { BullMqOptions } from './bullmq-job-queue.ts';
import { LOOK_EVERY_S, PromptWorker } from './bullmq-prompt-worker.ts';
import { AGAIN_AT_MOST_MS, type JobHandlers, type JobProcessor, type ProcessorOptions } from './job-queue.ts';
import { retryDelayMs } from './retry-delay.ts';

/**
 * A worker that dies holds its jobs for the sum of both at most: a fold begins 5 s after the edit and has to be taken
 * over and done within 10 (SNAP5). A worker that is only slow, or cut off from Redis for so long, has its job run twice,
 * which changes nothing (SNAP1).
 */
const LOCK_MS = 2_000;
const STALLED_CHECK_MS = 1_000;
/** How often a job may lose its worker: workers are restarted at will, and a lost one says nothing about the job. */
const MAX_STALLED = 1_000;
const READY_MS = 8_000;
const CLOSE_MS = 2_000;
const GIVE_BACK_MS = 500;

/** Takes jobs from Redis. A fold that asks to be run again waits as the same job, which costs less than another one. */
export class BullMqJobProcessor implements JobProcessor {
  readonly #redis: Redis;
  readonly #queue: Queue<FoldJobData>;
  readonly #worker: PromptWorker<FoldJobData>;
  readonly #handlers: JobHandlers;
  readonly #options: ProcessorOptions;
  readonly #onError: (error: unknown) => void;
  readonly #running = new Map<Job, { readonly token: string; readonly ended: Promise<unknown> }>();
  #stopping: Promise<void> | undefined;
  #schedulerCheck: NodeJS.Timeout | undefined;

  /** Starts to take jobs; rejects when Redis does not answer. */
  static async start(
    connection: BullMqOptions,
    handlers: JobHandlers,
    options: ProcessorOptions,
  ): Promise<BullMqJobProcessor> {
    const processor = new BullMqJobProcessor(connection, handlers, options);
    try {
      await deadline(processor.#begin(), READY_MS, 'connecting to Redis for jobs');
    } catch (error) {
      await processor.#closeWorker();
      await processor.#closeQueue();
      throw error;
    }
    return processor;
  }

  private constructor(
    { url, name, onError, prefix = JOBS_PREFIX }: BullMqOptions,
    handlers: JobHandlers,
    options: ProcessorOptions,
  ) {
    this.#handlers = handlers;
    this.#options = options;
    this.#onError = onError;
    this.#redis = workerConnection(url, prefix, `${name}:jobs`);
    this.#redis.on('error', onError);
    this.#queue = new Queue(QUEUE_NAME, queueOptions(this.#redis, prefix));
    this.#queue.on('error', onError);
    this.#worker = new PromptWorker<FoldJobData>(QUEUE_NAME, (job, token) => this.#track(job, token ?? ''), {
      connection: this.#redis,
      prefix,
      autorun: false,
      concurrency: options.concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      drainDelay: LOOK_EVERY_S,
      maxStalledCount: MAX_STALLED,
      settings: { backoffStrategy: (attempts) => retryDelayMs(attempts, Math.random()) },
    });
    this.#worker.on('error', onError);
    this.#worker.on('failed', (_job, error) => {
      options.onJob?.('failed');
      onError(error);
    });
    this.#worker.on('completed', () => options.onJob?.('done'));
    this.#worker.on('stalled', () => options.onJob?.('stalled'));
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    clearInterval(this.#schedulerCheck);
    await deadline(this.#worker.pause(true), CLOSE_MS, 'pausing the worker').catch(this.#onError);
    const ended = Promise.all([...this.#running.values()].map((run) => run.ended));
    await deadline(ended, deadlineMs, 'finishing jobs').catch(this.#onError);
    // Before jobs are given back: the signal for a waiting job wakes one worker, and it must not be this one.
    await this.#closeWorker();
    await deadline(this.#release(), CLOSE_MS, 'giving jobs back').catch(this.#onError);
    await this.#closeQueue();
  }

  async #begin(): Promise<void> {
    await this.#worker.waitUntilReady();
    await this.#ensureSweeps();
    // Redis may lose the schedule with the rest of its data.
    const check = () => void this.#ensureSweeps().catch(this.#onError);
    this.#schedulerCheck = setInterval(check, this.#options.sweepEveryMs).unref();
    this.#worker.run().catch(this.#onError);
  }

  /** One schedule for the whole cluster. Setting it again would begin its period anew, so it is only put where it lacks. */
  async #ensureSweeps(): Promise<void> {
    const { sweepEveryMs: every } = this.#options;
    const existing = await this.#queue.getJobScheduler(SWEEP);
    if (existing?.every === every) return;
    const opts = { attempts: 1, removeOnComplete: true, removeOnFail: { count: 10 } };
    await this.#queue.upsertJobScheduler(SWEEP, { every }, { name: SWEEP, opts });
  }

  #track(job: Job<FoldJobData>, token: string): Promise<void> {
    const run = this.#run(job, token);
    this.#running.set(job, { token, ended: run.catch(() => {}) });
    return run.finally(() => this.#running.delete(job));
  }

  async #run(job: Job<FoldJobData>, token: string): Promise<void> {
    if (job.name === SWEEP) return await this.#sweep(job);
    const docId = parseDocId(job.data.docId);
    if (docId === null) throw new UnrecoverableError(`job ${job.id} names no document`);
    const verdict = await this.#handlers.fold(docId, parseTraceparent(job.data.cause));
    if (verdict.kind === 'again') await this.#putOff(job, token, verdict.delayMs);
  }

  /** The next sweep is due whether or not this one is through; where another runs, anywhere, it is left out. */
  async #sweep(job: Job): Promise<void> {
    const active = await this.#queue.getActive();
    const isFirst = active.every((other) => other.name !== SWEEP || !isEarlier(other, job));
    if (isFirst) await this.#handlers.sweep();
  }

  /** Rejects with what tells BullMQ so. What was asked for during this run becomes another one after it all the same. */
  async #putOff(job: Job<FoldJobData>, token: string, delayMs: number): Promise<never> {
    await job.moveToDelayed(Date.now() + Math.min(delayMs, AGAIN_AT_MOST_MS), token);
    this.#options.onJob?.('done');
    throw new DelayedError();
  }

  /**
   * What still runs may be taken by another worker: that it runs here too is what commits are fenced for. In a moment,
   * because this one, although closed, may be about to ask for a job once more.
   */
  async #release(): Promise<void> {
    const at = Date.now() + GIVE_BACK_MS;
    const giveBack = async ({ id = '' }: Job, token: string) => {
      // Read anew, because the worker's own has lost its connection.
      const job = await this.#queue.getJob(id);
      await job?.moveToDelayed(at, token);
    };
    const given = [...this.#running].map(([job, { token }]) => giveBack(job, token).catch(this.#onError));
    await Promise.all(given);
  }

  async #closeWorker(): Promise<void> {
    clearInterval(this.#schedulerCheck);
    await deadline(this.#worker.close(true), CLOSE_MS, 'closing the worker').catch(this.#onError);
  }

  async #closeQueue(): Promise<void> {
    await deadline(this.#queue.close(), CLOSE_MS, 'closing the queue of the worker').catch(this.#onError);
    this.#redis.disconnect();
  }
}

/** Whether `one` was begun before `other`; of two in the same millisecond one is the earlier. */
function isEarlier(one: Job, other: Job): boolean {
  const [begun = 0, since = 0] = [one.processedOn, other.processedOn];
  return begun === since ? (one.id ?? '') < (other.id ?? '') : begun < since;
}
