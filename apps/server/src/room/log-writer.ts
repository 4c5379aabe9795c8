import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { Position } from '@kryton/engine/log/position.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Appended } from './fan-out-watch.ts';
import { Gatherer } from './gatherer.ts';

const FIRST_RETRY_MS = 50;
const LAST_RETRY_MS = 1_000;

export type LogWriterOptions = {
  readonly docId: DocId;
  readonly log: UpdateLog;
  readonly merge: (updates: Uint8Array[]) => Promise<Uint8Array> | Uint8Array;
  /** The last position this node saw of the document. */
  readonly known: () => Position;
  /** The log is another one than before (LOG3): opens it and resyncs, after which `known` is of the new epoch. */
  readonly onLost: () => Promise<void>;
  readonly onAppended: (appended: Appended) => void;
  /** So many bytes of what was written are durable now. */
  readonly onSettled: (bytes: number) => void;
  /** The log did not answer for `graceMs`: all that was waiting is given up, unacknowledged (LOG6). */
  readonly onUnreachable: () => void;
  readonly onRetry: (error: unknown) => void;
  readonly onUnmergeable: (error: unknown) => void;
  readonly windowMs: () => number;
  readonly graceMs: number;
  readonly timers: Timers;
};

/**
 * Takes the updates of a room's connections and makes them durable, one batch at a time and in their order.
 *
 * One append is under way at most: what arrives meanwhile becomes the next batch, and after a failure the same bytes
 * are tried again (LOG6) before anything newer. An update's ticket is its number; it is durable when the writer has
 * counted that far.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #gatherer: Gatherer<Uint8Array>;
  #accepted = 0;
  #durable = 0;
  #isClosed = false;
  #waiting: { ticket: number; done: () => void; onGivenUp: (() => void) | undefined }[] = [];

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#gatherer = new Gatherer({
      flush: (batch) => this.#append(batch),
      windowMs: options.windowMs,
      timers: options.timers,
    });
  }

  /** Accepts an update that passed the guard; the result is its ticket. */
  write(update: Uint8Array): number {
    this.#gatherer.add(update);
    return ++this.#accepted;
  }

  /**
   * Calls `done` once the update with `ticket` and all before it are durable; at once if they are (WIRE5). `onGivenUp`
   * is called instead where it is not known whether they ever will be.
   */
  whenDurable(ticket: number, done: () => void, onGivenUp?: () => void): void {
    if (ticket <= this.#durable) done();
    else if (this.#isClosed) onGivenUp?.();
    else this.#waiting.push({ ticket, done, onGivenUp });
  }

  get isIdle(): boolean {
    return this.#gatherer.isIdle;
  }

  /** Appends what is gathered if it is about time; see {@link Gatherer.hurry}. */
  hurry(): void {
    this.#gatherer.hurry();
  }

  /** Appends what is gathered without waiting for the window. */
  async drain(): Promise<void> {
    await this.#gatherer.drain();
  }

  /** Gives up what is waiting and tries no more. */
  close(): void {
    this.#isClosed = true;
    this.#gatherer.clear();
    this.#forgetWaiting();
  }

  #forgetWaiting(): void {
    for (const { onGivenUp } of this.#waiting.splice(0)) onGivenUp?.();
  }

  async #append(batch: Uint8Array[]): Promise<void> {
    const merged = await this.#merged(batch);
    if (merged) {
      await this.#appendOne(merged, batch);
      return;
    }
    for (const update of batch) {
      if (!(await this.#appendOne(update, [update]))) return;
    }
  }

  /** The batch as one update; null when that fails (LOG9): each passed the guard and is appended by itself then. */
  async #merged(batch: Uint8Array[]): Promise<Uint8Array | null> {
    if (batch.length === 1) return batch[0] ?? null;
    try {
      return await this.#options.merge(batch);
    } catch (error) {
      this.#options.onUnmergeable(error);
      return null;
    }
  }

  /** Appends `update`, which stands for the updates of `batch`; false when it was given up. Never rejects. */
  async #appendOne(update: Uint8Array, batch: readonly Uint8Array[]): Promise<boolean> {
    const { docId, log, known, timers, graceMs } = this.#options;
    const startedAt = timers.now();
    let failingSince: number | null = null;
    let retryMs = FIRST_RETRY_MS;
    while (!this.#isClosed) {
      try {
        const result = await log.append(docId, known(), update);
        if (result.kind === 'appended') {
          this.#settle(batch);
          const { position } = result;
          this.#options.onAppended({ position, startedAt, bytes: update.length, updates: batch.length });
          return true;
        }
        await this.#options.onLost();
        failingSince = null;
        // Several nodes may be opening new epochs one after the other; this must not become a race of all with all.
        await pause(timers, FIRST_RETRY_MS);
      } catch (error) {
        failingSince ??= timers.now();
        if (timers.now() - failingSince >= graceMs) {
          this.#giveUp();
          return false;
        }
        this.#options.onRetry(error);
        await pause(timers, retryMs);
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
    return false;
  }

  #settle(batch: readonly Uint8Array[]): void {
    this.#durable += batch.length;
    this.#options.onSettled(batch.reduce((bytes, update) => bytes + update.length, 0));
    if (this.#waiting.length === 0) return;
    const reached = this.#waiting.filter(({ ticket }) => ticket <= this.#durable);
    this.#waiting = this.#waiting.filter(({ ticket }) => ticket > this.#durable);
    for (const { done } of reached) done();
  }

  /** Nobody is told that these updates are durable: their connections are closed, and the clients still hold them. */
  #giveUp(): void {
    this.#gatherer.clear();
    this.#forgetWaiting();
    this.#durable = this.#accepted;
    this.#options.onUnreachable();
  }
}
