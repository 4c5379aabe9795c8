/** The widest window for updates: an editor does not feel 50 ms (ROOM2). */
const MAX_WINDOW_MS = 50;
/**
 * The widest for presence: a cursor that is seen after a tenth of a second is where its owner is. In a crowd of 500 that
 * moves, half of a node's time goes into writing to sockets, and this spares a third of it.
 */
export const MAX_PRESENCE_WINDOW_MS = 80;
/** The share of one core that one room's fan-out may take is about 1 in this. */
const COST_FACTOR = 50;

/**
 * How long a room gathers before it sends again: fifty times what sending cost since the last time, so that a lone
 * editor never waits and a crowd takes about 2 % of a core. What other nodes appended is counted too, because it
 * costs this node the same.
 */
export class AdaptiveWindow {
  readonly #maxMs: number;
  #costMs = 0;
  #windowMs = 0;
  #turnedAt = Number.NEGATIVE_INFINITY;

  constructor(maxMs: number = MAX_WINDOW_MS) {
    this.#maxMs = maxMs;
  }

  /** Adds the time one fan-out took. */
  spent(ms: number): void {
    this.#costMs += ms;
  }

  /** Called when a batch leaves, at `now` ms: what was spent since the last one sets the next window. */
  turn(now: number): void {
    // What was spent over a longer time counts for the share that falls into one window.
    const share = Math.min(1, this.#maxMs / (now - this.#turnedAt));
    this.#turnedAt = now;
    const target = Math.min(this.#maxMs, this.#costMs * share * COST_FACTOR);
    // Half of the way each time: one garbage collection in the middle of a fan-out must not hold up the next edit.
    this.#windowMs += (target - this.#windowMs) / 2;
    this.#costMs = 0;
  }

  get ms(): number {
    return this.#windowMs;
  }
}
