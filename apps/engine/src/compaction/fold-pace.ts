/** SNAP5: folded within 10 s of the last edit; a request arrives 5 s after the first. */
const IDLE_MS = 3_000;
/**
 * The next look at a document that is being edited comes when the newest entry would be so old: a look costs a job. A
 * worker that dies during it still leaves time for another one.
 */
const LOOK_AGAIN_MS = 5_000;
/** SNAP5: every 30 s under continuous editing, of which the fold itself and the waiting for its turn take the rest. */
const OVERDUE_MS = 25_000;
/** Between two looks at least, however exact the answer. */
const SHORTEST_WAIT_MS = 250;
/** How long an estimate is used. A store whose clock is set back makes ages too large for so long, and no longer. */
const WINDOW_MS = 5 * 60_000;

/**
 * Decides when a document's backlog is due, by the store's clock alone: this process' may be an hour off.
 *
 * Every time of the store that is seen here at some moment lies before it: the time of an entry, or what the store
 * answered when it was asked. So each is a lower bound of the store's time; the best of all bounds is kept, and ages
 * reckoned with it are never too large. Nobody has to be asked: a process that has seen nothing recent believes a
 * document to be edited right now and looks again; the second look knows better. But it comes five seconds later.
 */
export class FoldPace {
  readonly #now: () => number;
  /** The best bound of `store's clock - ours` of this window and of the one before. */
  #aheadMs = Number.NEGATIVE_INFINITY;
  #formerAheadMs = Number.NEGATIVE_INFINITY;
  #windowEndsAt: number;

  /** `now` is monotonic, in ms from any origin. */
  constructor(now: () => number) {
    this.#now = now;
    this.#windowEndsAt = now() + WINDOW_MS;
  }

  /**
   * How many ms to wait before folding a backlog whose oldest and newest entries have these times (`LogEntry.atMs`);
   * 0 when it is due: nobody has edited for 3 s, or the oldest entry has waited for 25 s.
   */
  waitMs(oldestAtMs: number, newestAtMs: number): number {
    this.observe(newestAtMs);
    const storeNow = this.#now() + Math.max(this.#aheadMs, this.#formerAheadMs);
    const idleMs = storeNow - newestAtMs;
    const overdueInMs = OVERDUE_MS - (storeNow - oldestAtMs);
    if (idleMs >= IDLE_MS || overdueInMs <= 0) return 0;
    return Math.max(Math.min(LOOK_AGAIN_MS - idleMs, overdueInMs), SHORTEST_WAIT_MS);
  }

  /** `atMs` is a time of the store, in ms since 1970, that is not later than now. */
  observe(atMs: number): void {
    const now = this.#now();
    if (now >= this.#windowEndsAt) {
      this.#formerAheadMs = this.#aheadMs;
      this.#aheadMs = Number.NEGATIVE_INFINITY;
      this.#windowEndsAt = now + WINDOW_MS;
    }
    this.#aheadMs = Math.max(this.#aheadMs, atMs - now);
  }
}
