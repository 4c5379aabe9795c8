import { ExpiringMap } from '../lifecycle/expiring-map.ts';
import { type SessionStorage, SessionsUnavailable } from './session-storage.ts';

/** Of some hundred bytes each. */
const MAX_ENTRIES = 100_000;

/** Sessions in the memory of the one process there is; what must survive it is in the database. */
export class EmbeddedSessionStorage implements SessionStorage {
  readonly #values: ExpiringMap<string>;
  #isClosed = false;

  /** `now` in ms. */
  constructor(now: () => number, maxEntries = MAX_ENTRIES) {
    this.#values = new ExpiringMap(now, maxEntries);
  }

  async get(key: string): Promise<string | null> {
    this.#expectOpen();
    return this.#values.get(key);
  }

  async set(key: string, value: string, ttlSeconds?: number): Promise<void> {
    this.#expectOpen();
    this.#values.set(key, value, ttlSeconds === undefined ? Number.POSITIVE_INFINITY : ttlSeconds * 1_000);
  }

  async delete(key: string): Promise<void> {
    this.#expectOpen();
    this.#values.delete(key);
  }

  async getAndDelete(key: string): Promise<string | null> {
    this.#expectOpen();
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value;
  }

  async increment(key: string, ttlSeconds: number): Promise<number> {
    this.#expectOpen();
    const sum = Number(this.#values.get(key) ?? 0) + 1;
    if (!this.#values.replace(key, String(sum))) this.#values.set(key, String(sum), ttlSeconds * 1_000);
    return sum;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#values.clear();
  }

  #expectOpen(): void {
    if (this.#isClosed) throw new SessionsUnavailable('the session storage is closed');
  }
}
