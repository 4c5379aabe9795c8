/** Keys that one call looks up at most. */
const MAX_BATCH = 128;
/** Calls under way at the same time; one would make everybody wait for a slow one. */
const MAX_UNDER_WAY = 2;

type Waiting<Key, Value> = {
  readonly key: Key;
  readonly resolve: (value: Value | null) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Looks many keys up with few calls: the first goes at once, and those that come while calls are under way go together
 * with the next one. A lone reader waits for nobody; of a crowd each pays for a small part of a call.
 */
export class LoadQueue<Key, Value> {
  readonly #loadAll: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>;
  #waiting: Waiting<Key, Value>[] = [];
  #underWay = 0;

  /** `loadAll` is given each key once, at most 128 of them, and answers with what there is. It must be bounded in time. */
  constructor(loadAll: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>) {
    this.#loadAll = loadAll;
  }

  /** The value of `key` as it is at some moment after this call, or null. Rejects when the call that asked for it does. */
  load(key: Key): Promise<Value | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#waiting.length === 1) process.nextTick(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    if (this.#underWay === MAX_UNDER_WAY) return;
    this.#underWay++;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const values = await this.#loadAll([...new Set(batch.map(({ key }) => key))]);
        for (const { key, resolve } of batch) resolve(values.get(key) ?? null);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#underWay--;
  }
}
