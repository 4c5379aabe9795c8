import { deadline } from '../lifecycle/deadline.ts';
import type { Timers } from '../lifecycle/timers.ts';
import type { DocId } from '../protocol/ids.ts';
import type { Traceparent } from '../tracing/traceparent.ts';
import {
  AGAIN_AT_MOST_MS,
  type FoldVerdict,
  type JobHandlers,
  type JobProcessor,
  type JobQueue,
  type ProcessorOptions,
} from './job-queue.ts';
import { retryDelayMs } from './retry-delay.ts';

export type EmbeddedJobQueueOptions = {
  readonly timers: Timers;
  /** In [0, 1). */
  readonly random: () => number;
  /** Told of every job that failed; it is tried again. */
  readonly onError: (error: unknown) => void;
};

/**
 * One document's fold. `waiting` for its time, `ready` for a free hand, or `running`, with the time at which it shall
 * run again when somebody asked meanwhile.
 */
type FoldJob =
  | { readonly kind: 'waiting'; readonly dueAt: number; readonly cancel: () => void }
  | { readonly kind: 'ready' }
  | { readonly kind: 'running'; readonly askedFor: number | null };

/**
 * Jobs inside the process, for embedded mode. They are gone when it ends: the first sweep of the next start finds every
 * document that still has to be folded.
 */
export class EmbeddedJobQueue implements JobQueue {
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #jobs = new Map<DocId, FoldJob>();
  readonly #failures = new Map<DocId, number>();
  /** Where tracing is on, who asked last for what has not begun. */
  readonly #causes = new Map<DocId, Traceparent>();
  #ready: DocId[] = [];
  #processor: Processor | null = null;
  #isClosed = false;

  constructor({ timers, random, onError }: EmbeddedJobQueueOptions) {
    this.#timers = timers;
    this.#random = random;
    this.#onError = onError;
  }

  async scheduleFold(docId: DocId, delayMs: number, cause?: Traceparent | null): Promise<void> {
    if (this.#isClosed) throw new Error('the job queue is closed');
    if (cause) this.#causes.set(docId, cause);
    const job = this.#jobs.get(docId);
    const dueAt = this.#timers.now() + delayMs;
    if (!job) this.#wait(docId, dueAt);
    else if (job.kind === 'running') {
      this.#jobs.set(docId, { kind: 'running', askedFor: Math.min(dueAt, job.askedFor ?? dueAt) });
    } else if (job.kind === 'waiting' && delayMs === 0 && dueAt < job.dueAt) {
      job.cancel();
      this.#wait(docId, dueAt);
    }
  }

  /** Starts to process; once for a queue. */
  process(handlers: JobHandlers, options: ProcessorOptions): JobProcessor {
    if (this.#processor) throw new Error('the embedded job queue is being processed already');
    const processor = new Processor(handlers, options, this.#timers, this.#onError, {
      next: () => this.#next(),
      takeCause: (docId) => this.#takeCause(docId),
      finished: (docId, verdict) => this.#finished(docId, verdict),
      failed: (docId) => this.#failed(docId),
    });
    this.#processor = processor;
    processor.start();
    return processor;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const job of this.#jobs.values()) if (job.kind === 'waiting') job.cancel();
    this.#jobs.clear();
    this.#causes.clear();
    this.#ready = [];
  }

  #wait(docId: DocId, dueAt: number): void {
    const cancel = this.#timers.after(Math.max(dueAt - this.#timers.now(), 0), () => {
      this.#jobs.set(docId, { kind: 'ready' });
      this.#ready.push(docId);
      this.#processor?.work();
    });
    this.#jobs.set(docId, { kind: 'waiting', dueAt, cancel });
  }

  #next(): DocId | null {
    const docId = this.#ready.shift();
    if (docId === undefined) return null;
    this.#jobs.set(docId, { kind: 'running', askedFor: null });
    return docId;
  }

  #takeCause(docId: DocId): Traceparent | null {
    const cause = this.#causes.get(docId) ?? null;
    if (cause) this.#causes.delete(docId);
    return cause;
  }

  #finished(docId: DocId, verdict: FoldVerdict): void {
    this.#failures.delete(docId);
    const askedFor = this.#end(docId);
    if (this.#isClosed) return;
    const againMs = verdict.kind === 'again' ? Math.min(verdict.delayMs, AGAIN_AT_MOST_MS) : null;
    const againAt = againMs === null ? null : this.#timers.now() + againMs;
    const dueAt = againAt === null || askedFor === null ? (againAt ?? askedFor) : Math.min(againAt, askedFor);
    if (dueAt !== null) this.#wait(docId, dueAt);
  }

  #failed(docId: DocId): void {
    const failures = (this.#failures.get(docId) ?? 0) + 1;
    this.#failures.set(docId, failures);
    this.#end(docId);
    if (!this.#isClosed) this.#wait(docId, this.#timers.now() + retryDelayMs(failures, this.#random()));
  }

  #end(docId: DocId): number | null {
    const job = this.#jobs.get(docId);
    this.#jobs.delete(docId);
    return job?.kind === 'running' ? job.askedFor : null;
  }
}

type Work = {
  next(): DocId | null;
  takeCause(docId: DocId): Traceparent | null;
  finished(docId: DocId, verdict: FoldVerdict): void;
  failed(docId: DocId): void;
};

class Processor implements JobProcessor {
  readonly #handlers: JobHandlers;
  readonly #options: ProcessorOptions;
  readonly #timers: Timers;
  readonly #onError: (error: unknown) => void;
  readonly #work: Work;
  readonly #running = new Set<Promise<void>>();
  #cancelSweep: () => void = () => {};
  #isStopped = false;

  constructor(
    handlers: JobHandlers,
    options: ProcessorOptions,
    timers: Timers,
    onError: (error: unknown) => void,
    work: Work,
  ) {
    this.#handlers = handlers;
    this.#options = options;
    this.#timers = timers;
    this.#onError = onError;
    this.#work = work;
  }

  start(): void {
    this.#scheduleSweep(0);
    this.work();
  }

  /** Takes jobs while there are free hands. */
  work(): void {
    while (!this.#isStopped && this.#running.size < this.#options.concurrency) {
      const docId = this.#work.next();
      if (docId === null) return;
      this.#track(this.#fold(docId));
    }
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#isStopped = true;
    this.#cancelSweep();
    await deadline(Promise.all(this.#running), deadlineMs, 'finishing jobs').catch(this.#onError);
  }

  async #fold(docId: DocId): Promise<void> {
    try {
      this.#work.finished(docId, await this.#handlers.fold(docId, this.#work.takeCause(docId)));
      this.#options.onJob?.('done');
    } catch (error) {
      this.#options.onJob?.('failed');
      this.#onError(error);
      this.#work.failed(docId);
    }
  }

  #scheduleSweep(delayMs: number): void {
    this.#cancelSweep = this.#timers.after(delayMs, () => this.#track(this.#sweep()));
  }

  async #sweep(): Promise<void> {
    try {
      await this.#handlers.sweep();
      this.#options.onJob?.('done');
    } catch (error) {
      this.#options.onJob?.('failed');
      this.#onError(error);
    }
    if (!this.#isStopped) this.#scheduleSweep(this.#options.sweepEveryMs);
  }

  #track(run: Promise<void>): void {
    this.#running.add(run);
    void run.finally(() => {
      this.#running.delete(run);
      this.work();
    });
  }
}
