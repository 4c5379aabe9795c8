import type { Redis } from 'ioredis';
import { systemTimers, type Timers } from '../lifecycle/timers.ts';
import { commandConnection, listeningConnection } from '../log/redis-connection.ts';
import { BusUnavailable, type MessageBus } from './message-bus.ts';
import { RedisChannels } from './redis-channels.ts';

/** How often the connections are looked at: one that is up and leads nowhere is otherwise noticed by nobody. */
const WATCH_EVERY_MS = 5_000;

export type RedisMessageBusOptions = {
  /** `redis://…` */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  /** Told what a listener throws, and of trouble with the connections. */
  readonly onError: (error: unknown) => void;
  readonly timers?: Timers;
  /** In a cluster: slots that were listened to here have moved. */
  readonly onMoved?: () => void;
};

/**
 * The bus on Redis' sharded publish/subscribe: one connection to speak, one to listen. A channel is `kry:bus:<name>`
 * there, and one whose name begins with `kry:` is what it says (`kry:revoked`).
 */
export class RedisMessageBus implements MessageBus {
  readonly #commands: Redis;
  readonly #listening: Redis;
  readonly #channels: RedisChannels;
  readonly #timers: Timers;
  readonly #interruptionListeners = new Set<() => void>();
  #isClosed = false;
  #stopWatch = () => {};

  /** Connects; rejects with {@link BusUnavailable} when Redis cannot be reached. */
  static async connect(options: RedisMessageBusOptions): Promise<RedisMessageBus> {
    const bus = new RedisMessageBus(options);
    try {
      await Promise.all([bus.#commands.connect(), bus.#listening.connect()]);
    } catch (error) {
      await bus.close();
      throw new BusUnavailable('Redis does not answer', { cause: error });
    }
    bus.#watch();
    return bus;
  }

  private constructor({ url, name, onError, timers = systemTimers, onMoved }: RedisMessageBusOptions) {
    this.#timers = timers;
    this.#commands = commandConnection(url, `${name}:bus`);
    this.#listening = listeningConnection(url, `${name}:bus-live`);
    this.#channels = new RedisChannels(this.#listening, {
      onRestored: () => {
        for (const listener of this.#interruptionListeners) listener();
      },
      onError,
    });
    this.#commands.on('error', onError);
    this.#listening.on('error', onError);
    if (onMoved) this.#listening.on('moved', onMoved);
  }

  async publish(channel: string, message: Uint8Array): Promise<void> {
    const { buffer, byteOffset, byteLength } = message;
    await guard(() =>
      this.#commands.spublish(channelName(channel), Buffer.from(buffer, byteOffset, byteLength)),
    );
  }

  async subscribe(channel: string, listener: (message: Uint8Array) => void): Promise<() => Promise<void>> {
    return await guard(() => this.#channels.add(channelName(channel), listener));
  }

  onInterruption(listener: () => void): () => void {
    this.#interruptionListeners.add(listener);
    return () => this.#interruptionListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopWatch();
    this.#commands.disconnect();
    this.#listening.disconnect();
  }

  /**
   * A connection that only listens hears nothing for hours and never learns that its peer is gone, unless it asks; the
   * question has the deadline of every command. And after a failover both would stay with a replica, which hears only
   * its own.
   */
  #watch(): void {
    if (this.#isClosed) return;
    this.#stopWatch = this.#timers.after(WATCH_EVERY_MS, () => {
      void this.#look().then(() => this.#watch());
    });
  }

  async #look(): Promise<void> {
    const speaks = await asks(this.#commands, async () => {
      return !/^role:slave/m.test(await this.#commands.info('replication'));
    });
    const hears = await asks(this.#listening, async () => {
      await this.#listening.ping();
      return speaks && this.#channels.isComplete;
    });
    if (this.#isClosed) return;
    if (!speaks) this.#commands.disconnect(true);
    if (!hears) this.#listening.disconnect(true);
  }
}

/** What Redis calls a channel. */
export function channelName(channel: string): string {
  return channel.startsWith('kry:') ? channel : `kry:bus:${channel}`;
}

/** True also for a connection that is being made anyway. */
async function asks(redis: Redis, question: () => Promise<boolean>): Promise<boolean> {
  if (redis.status !== 'ready') return true;
  return await question().catch(() => redis.status !== 'ready');
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new BusUnavailable(`Redis: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
