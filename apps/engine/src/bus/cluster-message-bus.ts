import { MovingSubscriptions } from '../redis/moving-subscriptions.ts';
import type { RedisTopology } from '../redis/redis-topology.ts';
import { Shards } from '../redis/shards.ts';
import { BusUnavailable, type MessageBus } from './message-bus.ts';
import { channelName, RedisMessageBus, type RedisMessageBusOptions } from './redis-message-bus.ts';

export type ClusterMessageBusOptions = Omit<RedisMessageBusOptions, 'url' | 'onMoved'> & {
  readonly topology: RedisTopology;
};

/** The bus on a Redis Cluster: a {@link RedisMessageBus} for each master, and each channel at the one that has its slot. */
export class ClusterMessageBus implements MessageBus {
  readonly #shards: Shards<RedisMessageBus>;
  readonly #subscriptions: MovingSubscriptions<RedisMessageBus>;
  readonly #interruptionListeners: Set<() => void>;

  /** Connects to every master; rejects with {@link BusUnavailable} when one cannot be reached. */
  static async connect({ topology, ...options }: ClusterMessageBusOptions): Promise<ClusterMessageBus> {
    const interruptionListeners = new Set<() => void>();
    const onInterruption = () => {
      for (const listener of interruptionListeners) listener();
    };
    const shards = await guard(() =>
      Shards.open({
        topology,
        onError: options.onError,
        open: async (url) => {
          const bus = await RedisMessageBus.connect({ ...options, url, onMoved: () => topology.suspect() });
          bus.onInterruption(onInterruption);
          return bus;
        },
      }),
    );
    const events = { onMoved: onInterruption, onError: options.onError };
    return new ClusterMessageBus(
      shards,
      new MovingSubscriptions({ shards, ...events }),
      interruptionListeners,
    );
  }

  private constructor(
    shards: Shards<RedisMessageBus>,
    subscriptions: MovingSubscriptions<RedisMessageBus>,
    interruptionListeners: Set<() => void>,
  ) {
    this.#shards = shards;
    this.#subscriptions = subscriptions;
    this.#interruptionListeners = interruptionListeners;
  }

  publish(channel: string, message: Uint8Array): Promise<void> {
    return guard(() => this.#shards.run(channelName(channel), (bus) => bus.publish(channel, message)));
  }

  subscribe(channel: string, listener: (message: Uint8Array) => void): Promise<() => Promise<void>> {
    return guard(() =>
      this.#subscriptions.add(channelName(channel), (bus) => bus.subscribe(channel, listener)),
    );
  }

  onInterruption(listener: () => void): () => void {
    this.#interruptionListeners.add(listener);
    return () => this.#interruptionListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#subscriptions.close();
    await this.#shards.close();
  }
}

async function guard<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof BusUnavailable) throw error;
    throw new BusUnavailable(`Redis Cluster: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
