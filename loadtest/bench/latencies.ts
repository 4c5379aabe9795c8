/** Tenths of a millisecond: finer than a client could tell, and Node's own timers know only whole ones. */
const STEPS_PER_MS = 10;
/** Ten seconds in steps; what takes longer counts as ten seconds. */
const STEPS = 100_000;

/** Every latency of a run, counted by its length: adding one costs the generator a few nanoseconds. */
export class Latencies {
  readonly #counts = new Uint32Array(STEPS);
  #total = 0;

  add(ms: number): void {
    const step = Math.min(STEPS - 1, Math.max(0, Math.floor(ms * STEPS_PER_MS)));
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#total++;
  }

  get count(): number {
    return this.#total;
  }

  /** The latency in ms (upper edge of its step) that this share of all did not exceed; NaN when there are none. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.#total * share));
    let seen = 0;
    for (const [step, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return (step + 1) / STEPS_PER_MS;
    }
    return Number.NaN;
  }
}
