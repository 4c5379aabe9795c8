type Holding = { bytes: number; readonly evict: () => void };

/**
 * A byte budget that rooms share for their base states (ROOM1). Over the cap, whoever used theirs the longest time
 * ago gives it up; it is loaded again when somebody joins.
 */
export class CacheBudget {
  readonly #capBytes: number;
  /** In the order of use, the oldest first. */
  readonly #holdings = new Map<object, Holding>();
  #bytes = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  get limitBytes(): number {
    return this.#capBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Notes that `holder` has `bytes` and just used them. Its `evict` may be called, now or later, and never twice. */
  hold(holder: object, bytes: number, evict: () => void): void {
    this.release(holder);
    this.#holdings.set(holder, { bytes, evict });
    this.#bytes += bytes;
    this.#shrink(holder);
  }

  /** Notes that the holding grew; no use. */
  grow(holder: object, bytes: number): void {
    const holding = this.#holdings.get(holder);
    if (!holding) return;
    holding.bytes += bytes;
    this.#bytes += bytes;
    this.#shrink(holder);
  }

  release(holder: object): void {
    const holding = this.#holdings.get(holder);
    if (!holding) return;
    this.#holdings.delete(holder);
    this.#bytes -= holding.bytes;
  }

  #shrink(inUse: object): void {
    for (const [holder, { evict }] of this.#holdings) {
      if (this.#bytes <= this.#capBytes) return;
      // A single document larger than the whole budget is still served.
      if (holder === inUse) continue;
      this.release(holder);
      evict();
    }
  }
}
