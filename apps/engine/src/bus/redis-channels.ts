import type { Redis } from 'ioredis';

type Listener = (message: Uint8Array) => void;

/**
 * The sharded subscriptions of one connection that only listens. Which they are is kept here and not in ioredis: after
 * a reconnect every channel is subscribed again, and only then `onRestored` tells that messages may have been missed,
 * so that a listener who now looks at what is stored cannot miss another one in between.
 */
export class RedisChannels {
  readonly #redis: Redis;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #onRestored: () => void;
  readonly #onError: (error: unknown) => void;
  #wasReady = false;
  #isComplete = true;

  constructor(redis: Redis, events: { onRestored(): void; onError(error: unknown): void }) {
    this.#redis = redis;
    this.#onRestored = events.onRestored;
    this.#onError = events.onError;
    redis.on('smessageBuffer', (channel: Buffer, message: Buffer) => {
      this.#deliver(channel.toString('utf8'), message);
    });
    redis.on('ready', () => {
      if (this.#wasReady) void this.#renew();
      this.#wasReady = true;
    });
  }

  /** Whether every channel is subscribed to; not so when a renewal failed, which only another connection mends. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Resolves when Redis confirmed the subscription. While Redis is away the call rejects, and nothing is kept. */
  async add(channel: string, listener: Listener): Promise<() => Promise<void>> {
    const listeners = this.#listeners.get(channel) ?? new Set();
    // A function of its own, so that one listener may be subscribed twice.
    const own: Listener = (message) => listener(message);
    this.#listeners.set(channel, listeners.add(own));
    try {
      // Also for a second listener: the first one's confirmation may still be on its way.
      await this.#redis.ssubscribe(channel);
    } catch (error) {
      this.#drop(channel, own);
      throw error;
    }
    return () => this.#remove(channel, own);
  }

  #drop(channel: string, listener: Listener): boolean {
    const listeners = this.#listeners.get(channel);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    this.#listeners.delete(channel);
    return true;
  }

  async #remove(channel: string, listener: Listener): Promise<void> {
    if (!this.#drop(channel, listener)) return;
    // Without a connection there is no subscription to end: the renewal will not include it.
    if (this.#redis.status !== 'ready') return;
    await this.#redis.sunsubscribe(channel).catch(this.#onError);
  }

  #deliver(channel: string, message: Uint8Array): void {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) {
      try {
        listener(message);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  async #renew(): Promise<void> {
    this.#isComplete = false;
    try {
      // One by one on the wire: channels of one call would have to share a hash slot.
      await Promise.all([...this.#listeners.keys()].map((channel) => this.#redis.ssubscribe(channel)));
    } catch (error) {
      this.#onError(error);
      return;
    }
    this.#isComplete = true;
    this.#onRestored();
  }
}
