import { ListeningShards } from '../redis/listening-shards.ts';
import type { RedisTopology } from '../redis/redis-topology.ts';
import { BusUnavailable, type MessageBus } from './message-bus.ts';
import { channelName, RedisMessageBus, type RedisMessageBusOptions } from './redis-message-bus.ts';

export type ClusterMessageBusOptions = Omit<RedisMessageBusOptions, 'url' | 'onMoved'> & {
  readonly topology: RedisTopology;
};

/** The bus on a Redis Cluster: a {@link RedisMessageBus} for each master, and each channel at the one that has its slot. */
export class ClusterMessageBus implements MessageBus {
  readonly #shards: ListeningShards<RedisMessageBus>;

  /** Connects to every master; rejects with {@link BusUnavailable} when one cannot be reached. */
  static async connect({ topology, ...options }: ClusterMessageBusOptions): Promise<ClusterMessageBus> {
    const shards = await ListeningShards.open({
      topology,
      Unavailable: BusUnavailable,
      onError: options.onError,
      open: (url, onMoved) => RedisMessageBus.connect({ ...options, url, onMoved }),
    });
    return new ClusterMessageBus(shards);
  }

  private constructor(shards: ListeningShards<RedisMessageBus>) {
    this.#shards = shards;
  }

  publish(channel: string, message: Uint8Array): Promise<void> {
    return this.#shards.run(channelName(channel), (bus) => bus.publish(channel, message));
  }

  subscribe(channel: string, listener: (message: Uint8Array) => void): Promise<() => Promise<void>> {
    return this.#shards.subscribe(channelName(channel), (bus) => bus.subscribe(channel, listener));
  }

  onInterruption(listener: () => void): () => void {
    return this.#shards.onInterruption(listener);
  }

  close(): Promise<void> {
    return this.#shards.close();
  }
}
