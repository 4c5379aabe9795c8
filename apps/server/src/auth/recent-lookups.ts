export type RecentLookupsOptions = {
  readonly keepMs: number;
  /** Values at most; the oldest makes room. */
  readonly max: number;
  /** ms since 1970. */
  readonly now: () => number;
};

/** Looking up again because something ended meanwhile. */
const MAX_LOOKUPS = 3;

/**
 * Keeps what was looked up for a few seconds, so that a thousand connections that show one token cost one query. What
 * was not found is looked up again each time. Those who ask for the same at the same time wait for one look-up.
 */
export class RecentLookups<Value> {
  readonly #options: RecentLookupsOptions;
  readonly #kept = new Map<string, { readonly value: Value; readonly untilMs: number }>();
  readonly #underWay = new Map<string, Promise<Value | null>>();
  /** Counts what was forgotten: a look-up that was under way meanwhile may have seen what was before. */
  #forgotten = 0;

  constructor(options: RecentLookupsOptions) {
    this.#options = options;
  }

  /** What is kept under `key`, or else what `look` finds. Rejects as `look` does. */
  async get(key: string, look: () => Promise<Value | null>): Promise<Value | null> {
    const kept = this.#kept.get(key);
    if (kept && kept.untilMs > this.#options.now()) return kept.value;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return await underWay;
    const found = this.#look(key, look).finally(() => {
      if (this.#underWay.get(key) === found) this.#underWay.delete(key);
    });
    this.#underWay.set(key, found);
    return await found;
  }

  /** Looks up anew what `isMeant` says, and whatever is being looked up at the moment. */
  forget(isMeant: (value: Value) => boolean): void {
    this.#forgotten += 1;
    this.#underWay.clear();
    for (const [key, { value }] of this.#kept) if (isMeant(value)) this.#kept.delete(key);
  }

  async #look(key: string, look: () => Promise<Value | null>): Promise<Value | null> {
    for (let lookups = 1; ; lookups += 1) {
      const before = this.#forgotten;
      const value = await look();
      if (value === null) return null;
      if (before === this.#forgotten) return this.#keep(key, value);
      if (lookups === MAX_LOOKUPS) return value;
    }
  }

  #keep(key: string, value: Value): Value {
    // Taken out first, so that the order of the map is by age.
    this.#kept.delete(key);
    const oldest = this.#kept.size >= this.#options.max ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { value, untilMs: this.#options.now() + this.#options.keepMs });
    return value;
  }
}
