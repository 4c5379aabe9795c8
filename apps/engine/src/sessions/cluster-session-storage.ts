import type { RedisTopology } from '../redis/redis-topology.ts';
import { Shards } from '../redis/shards.ts';
import { keyOf, RedisSessionStorage, type RedisSessionStorageOptions } from './redis-session-storage.ts';
import { type SessionStorage, SessionsUnavailable } from './session-storage.ts';

export type ClusterSessionStorageOptions = Omit<RedisSessionStorageOptions, 'url'> & {
  readonly topology: RedisTopology;
};

/** Sessions in a Redis Cluster, each key at the master that has its slot. */
export class ClusterSessionStorage implements SessionStorage {
  readonly #shards: Shards<RedisSessionStorage>;

  /** Connects to every master; rejects with {@link SessionsUnavailable} when one cannot be reached. */
  static async connect({
    topology,
    ...options
  }: ClusterSessionStorageOptions): Promise<ClusterSessionStorage> {
    const open = (url: string) => RedisSessionStorage.connect({ ...options, url });
    return new ClusterSessionStorage(
      await guard(() => Shards.open({ topology, open, onError: options.onError })),
    );
  }

  private constructor(shards: Shards<RedisSessionStorage>) {
    this.#shards = shards;
  }

  get(key: string): Promise<string | null> {
    return this.#run(key, (storage) => storage.get(key));
  }

  set(key: string, value: string, ttlSeconds?: number): Promise<void> {
    return this.#run(key, (storage) => storage.set(key, value, ttlSeconds));
  }

  delete(key: string): Promise<void> {
    return this.#run(key, (storage) => storage.delete(key));
  }

  getAndDelete(key: string): Promise<string | null> {
    return this.#run(key, (storage) => storage.getAndDelete(key));
  }

  increment(key: string, ttlSeconds: number): Promise<number> {
    return this.#run(key, (storage) => storage.increment(key, ttlSeconds));
  }

  async close(): Promise<void> {
    await this.#shards.close();
  }

  #run<Result>(key: string, call: (storage: RedisSessionStorage) => Promise<Result>): Promise<Result> {
    return guard(() => this.#shards.run(keyOf(key), call));
  }
}

async function guard<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof SessionsUnavailable) throw error;
    throw new SessionsUnavailable(
      `Redis Cluster: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
