import { ExpiringMap } from '../lifecycle/expiring-map.ts';
import { type Addition, CountersUnavailable, type SharedCounters } from './shared-counters.ts';

const MAX_ENTRIES = 100_000;

/** Counts in the memory of the one process there is. */
export class EmbeddedSharedCounters implements SharedCounters {
  readonly #sums: ExpiringMap<number>;
  #isClosed = false;

  /** `now` in ms. */
  constructor(now: () => number, maxEntries = MAX_ENTRIES) {
    this.#sums = new ExpiringMap(now, maxEntries);
  }

  async add(additions: readonly Addition[]): Promise<number[]> {
    if (this.#isClosed) throw new CountersUnavailable('the counters are closed');
    return additions.map(({ key, amount, ttlMs }) => {
      const sum = (this.#sums.get(key) ?? 0) + amount;
      if (!this.#sums.replace(key, sum)) this.#sums.set(key, sum, ttlMs);
      return sum;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#sums.clear();
  }
}
