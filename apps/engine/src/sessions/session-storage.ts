/**
 * Where sessions and other short-lived secrets of the sign-in are kept for quick look-ups: the part of better-auth
 * that it calls secondary storage. Values are text, times to live are in seconds.
 *
 * What holds of every adapter (`session-storage.contract.ts` runs on each): a value is gone when its time is up, and
 * `getAndDelete` and `increment` are atomic among all processes. Every method rejects with {@link SessionsUnavailable}
 * when the store does not answer in time.
 */
export interface SessionStorage {
  get(key: string): Promise<string | null>;
  /** Without `ttlSeconds` the value stays until it is deleted; with 0 or less it is gone at once. */
  set(key: string, value: string, ttlSeconds?: number): Promise<void>;
  delete(key: string): Promise<void>;
  getAndDelete(key: string): Promise<string | null>;
  /** Adds 1 and resolves with the sum; `ttlSeconds` counts from the first increment. */
  increment(key: string, ttlSeconds: number): Promise<number>;
  /** Ends connections; pending calls reject. */
  close(): Promise<void>;
}

/** Redis did not answer in time or refused, or the storage is closed; `cause` holds its own error. */
export class SessionsUnavailable extends Error {
  override readonly name = 'SessionsUnavailable';
}
