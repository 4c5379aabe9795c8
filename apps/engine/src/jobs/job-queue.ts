import type { DocId } from '../protocol/ids.ts';
import type { Traceparent } from '../tracing/traceparent.ts';

/**
 * Work that happens after the fact. Nodes schedule, workers process; both sides may live in one process.
 *
 * - A document has at most one fold waiting and one running at a time; scheduling again while one waits adds
 *   nothing, and scheduling while one **runs** makes another run after it (SNAP5: a trigger is never lost).
 * - Scheduling without delay brings a waiting fold forward (the sweep does, to heal whatever held it up).
 * - A fold that answers `again` becomes the one that waits. It waits for {@link AGAIN_AT_MOST_MS} at most, as long as a
 *   request does anyway (SNAP5), so nothing is late because it adds nothing to it.
 * - A processor that rejects is tried again later with growing pauses; a job may run twice (a stalled worker that
 *   wakes up), so what it does must be fenced (SNAP1).
 */
export interface JobQueue {
  /**
   * Asks for the document to be folded in about `delayMs`. Resolves when the request is stored. `cause` is the span that
   * asks; where requests become one, one of theirs reaches the fold.
   */
  scheduleFold(docId: DocId, delayMs: number, cause?: Traceparent | null): Promise<void>;

  /** Ends connections. Waiting jobs stay where they are stored. */
  close(): Promise<void>;
}

/** The processing side. */
export interface JobProcessor {
  /** Stops taking jobs, waits at most `deadlineMs` for the running ones, then leaves them to be tried again. */
  stop(deadlineMs: number): Promise<void>;
}

export type ProcessorOptions = {
  /** Jobs that run at the same time in this process. */
  readonly concurrency: number;
  /** Pause between two sweeps, in ms. */
  readonly sweepEveryMs: number;
  /** Called when a job of this process ended; one that ran for a worker that is gone is `stalled`, whatever it was. */
  readonly onJob?: (result: JobResult) => void;
};

export const JOB_RESULTS = ['done', 'failed', 'stalled'] as const;
export type JobResult = (typeof JOB_RESULTS)[number];

/** How long a fold may ask to wait before it runs again, in ms. */
export const AGAIN_AT_MOST_MS = 5_000;

/** What a fold run answers: finished, or "come back in so many ms" (still being edited). */
export type FoldVerdict = { readonly kind: 'done' } | { readonly kind: 'again'; readonly delayMs: number };

/** What a processor calls. `fold` handles one document; `sweep` runs on a schedule, once in the whole cluster. */
export type JobHandlers = {
  fold(docId: DocId, cause?: Traceparent | null): Promise<FoldVerdict>;
  sweep(): Promise<void>;
};

/** `delayed`: before their time, also those that failed and are tried again. `failed`: tried no more. */
export type JobCounts = Readonly<Record<(typeof JOB_STATES)[number], number>>;
export const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
