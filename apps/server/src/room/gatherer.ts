import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

export type GathererOptions<Item> = {
  /** Takes one batch, oldest first. Nothing more is flushed until it settles; it must not reject. */
  readonly flush: (batch: Item[]) => Promise<void> | void;
  /** The shortest time between two flushes, asked anew for each, in ms. */
  readonly windowMs: () => number;
  readonly timers: Timers;
};

/**
 * Collects what one window brings and hands it on as one batch (ROOM2, PRES1).
 *
 * The first item after a pause leaves at once (when the events already waiting are handled, so that frames that
 * arrived together leave together). What follows waits for the window to pass and for the flush under way to end:
 * a slow store or an expensive fan-out makes batches larger instead of queues longer.
 */
export class Gatherer<Item> {
  readonly #options: GathererOptions<Item>;
  #batch: Item[] = [];
  #state: 'idle' | 'waiting' | 'flushing' = 'idle';
  #lastFlushAt = Number.NEGATIVE_INFINITY;
  /** Of the flush that is waited for. */
  #windowMs = 0;
  #cancel: () => void = () => {};
  #running: Promise<void> = Promise.resolve();

  constructor(options: GathererOptions<Item>) {
    this.#options = options;
  }

  add(item: Item): void {
    this.#batch.push(item);
    if (this.#state === 'idle') this.#schedule();
  }

  /** Whether nothing waits and nothing is under way. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Flushes without waiting for the window, until nothing is left. */
  async drain(): Promise<void> {
    while (!this.isIdle) {
      if (this.#state === 'waiting') {
        this.#cancel();
        this.#running = this.#run();
      }
      await this.#running;
    }
  }

  /**
   * Flushes what waits, where half of its window has passed: others flush now, and what leaves at the same time can
   * travel together. Two that gather for the same time fall into step so.
   */
  hurry(): void {
    if (this.#state !== 'waiting') return;
    if (this.#options.timers.now() - this.#lastFlushAt < this.#windowMs / 2) return;
    this.#cancel();
    this.#running = this.#run();
  }

  /** Forgets what waits. A flush under way is not interrupted. */
  clear(): void {
    this.#batch = [];
    if (this.#state === 'waiting') {
      this.#cancel();
      this.#state = 'idle';
    }
  }

  #schedule(): void {
    const { timers } = this.#options;
    this.#state = 'waiting';
    this.#windowMs = this.#options.windowMs();
    const waitMs = this.#lastFlushAt + this.#windowMs - timers.now();
    const run = () => {
      this.#running = this.#run();
    };
    // Node's timers are no finer than 1 ms.
    this.#cancel = waitMs < 1 ? timers.soon(run) : timers.after(waitMs, run);
  }

  async #run(): Promise<void> {
    this.#state = 'flushing';
    this.#lastFlushAt = this.#options.timers.now();
    const batch = this.#batch;
    this.#batch = [];
    try {
      const flushed = this.#options.flush(batch);
      if (flushed !== undefined) await flushed;
    } finally {
      this.#state = 'idle';
      if (this.#batch.length > 0) this.#schedule();
    }
  }
}
