/**
 * Counts that all nodes share, for rate limits. A node adds up what it saw and hands it over about once a second, in
 * one call for all keys, so that nobody waits for a store to be let in, and a flood costs the store nothing.
 *
 * What holds of every adapter (`shared-counters.contract.ts` runs on each): additions are atomic among all processes,
 * and a count is gone `ttlMs` after the first addition to it.
 */
export interface SharedCounters {
  /**
   * Adds to each key and resolves with the sums, in the order asked. `ttlMs` counts from a key's first addition.
   * Rejects with {@link CountersUnavailable} when the store does not answer in time; then some may have been added.
   */
  add(additions: readonly Addition[]): Promise<number[]>;
  /** Ends connections; pending calls reject. */
  close(): Promise<void>;
}

/** `amount` and `ttlMs` are whole numbers of 1 or more. */
export type Addition = { readonly key: string; readonly amount: number; readonly ttlMs: number };

/** Redis did not answer in time or refused, or the counters are closed; `cause` holds its own error. */
export class CountersUnavailable extends Error {
  override readonly name = 'CountersUnavailable';
}
