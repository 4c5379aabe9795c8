import type { RedisTopology } from '../redis/redis-topology.ts';
import { Shards } from '../redis/shards.ts';
import { keyOf, RedisSharedCounters, type RedisSharedCountersOptions } from './redis-shared-counters.ts';
import { type Addition, CountersUnavailable, type SharedCounters } from './shared-counters.ts';

export type ClusterSharedCountersOptions = Omit<RedisSharedCountersOptions, 'url'> & {
  readonly topology: RedisTopology;
};

/** Counts in a Redis Cluster, each key at the master that has its slot; those of one master still travel together. */
export class ClusterSharedCounters implements SharedCounters {
  readonly #shards: Shards<RedisSharedCounters>;

  /** Connects to every master; rejects with {@link CountersUnavailable} when one cannot be reached. */
  static async connect({
    topology,
    ...options
  }: ClusterSharedCountersOptions): Promise<ClusterSharedCounters> {
    const open = (url: string) => RedisSharedCounters.connect({ ...options, url });
    return new ClusterSharedCounters(
      await guard(() => Shards.open({ topology, open, onError: options.onError })),
    );
  }

  private constructor(shards: Shards<RedisSharedCounters>) {
    this.#shards = shards;
  }

  async add(additions: readonly Addition[]): Promise<number[]> {
    return await guard(() =>
      Promise.all(
        additions.map(async (addition) => {
          const [sum = 0] = await this.#shards.run(keyOf(addition.key), (part) => part.add([addition]));
          return sum;
        }),
      ),
    );
  }

  async close(): Promise<void> {
    await this.#shards.close();
  }
}

async function guard<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof CountersUnavailable) throw error;
    throw new CountersUnavailable(
      `Redis Cluster: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
}
