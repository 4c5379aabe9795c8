/** What share of a full map makes room at a time, so that a flood of new keys costs little for each. */
const ROOM_SHARE = 0.1;

type Entry<Value> = { readonly value: Value; readonly untilMs: number };

/**
 * A map whose values have a time to live and whose number is bounded. In a full one those go first whose time is up
 * soonest: a flood of short-lived counts does not push out sessions that live for days.
 */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #now: () => number;
  readonly #maxEntries: number;

  /** `now` in ms. */
  constructor(now: () => number, maxEntries: number) {
    this.#now = now;
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Value | null {
    return this.#live(key)?.value ?? null;
  }

  /** `ttlMs` may be Infinity; with 0 or less the value is gone at once. */
  set(key: string, value: Value, ttlMs: number): void {
    this.#entries.delete(key);
    if (ttlMs <= 0) return;
    if (this.#entries.size >= this.#maxEntries) this.#makeRoom();
    this.#entries.set(key, { value, untilMs: this.#now() + ttlMs });
  }

  /** Puts `value` in the place of a live one, whose time goes on; false where there is none. */
  replace(key: string, value: Value): boolean {
    const entry = this.#live(key);
    if (entry) this.#entries.set(key, { ...entry, value });
    return entry !== null;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #live(key: string): Entry<Value> | null {
    const entry = this.#entries.get(key);
    if (!entry) return null;
    if (entry.untilMs > this.#now()) return entry;
    this.#entries.delete(key);
    return null;
  }

  #makeRoom(): void {
    const now = this.#now();
    for (const [key, { untilMs }] of this.#entries) if (untilMs <= now) this.#entries.delete(key);
    const excess = this.#entries.size - Math.floor(this.#maxEntries * (1 - ROOM_SHARE));
    if (excess <= 0) return;
    const soonest = [...this.#entries].sort(([, a], [, b]) => compareTimes(a.untilMs, b.untilMs));
    for (const [key] of soonest.slice(0, excess)) this.#entries.delete(key);
  }
}

/** Infinity minus Infinity is no number. */
function compareTimes(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
