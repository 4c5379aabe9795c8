import type { Redis } from 'ioredis';
import { commandConnection } from '../log/redis-connection.ts';
import { type Addition, CountersUnavailable, type SharedCounters } from './shared-counters.ts';

export const keyOf = (key: string): string => `kry:rate:${key}`;

export type RedisSharedCountersOptions = {
  /** `redis://…` */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
};

/**
 * Counts in Redis, one key each: `kry:rate:<key>`. The keys of one call lie in any hash slots, so there is no script
 * over all of them: the commands of a call travel together, because the connection pipelines what is sent at once.
 */
export class RedisSharedCounters implements SharedCounters {
  readonly #redis: Redis;

  /** Connects; rejects with {@link CountersUnavailable} when Redis cannot be reached. */
  static async connect({ url, name, onError }: RedisSharedCountersOptions): Promise<RedisSharedCounters> {
    const redis = commandConnection(url, `${name}:rate`);
    redis.on('error', onError);
    try {
      await redis.connect();
    } catch (error) {
      redis.disconnect();
      throw new CountersUnavailable('Redis does not answer', { cause: error });
    }
    return new RedisSharedCounters(redis);
  }

  private constructor(redis: Redis) {
    this.#redis = redis;
  }

  async add(additions: readonly Addition[]): Promise<number[]> {
    try {
      return await Promise.all(additions.map((addition) => this.#addOne(addition)));
    } catch (error) {
      throw new CountersUnavailable(`Redis: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }

  async #addOne({ key, amount, ttlMs }: Addition): Promise<number> {
    // NX: only where there is no time yet. Should the connection break in between, the next addition sets it.
    const [sum] = await Promise.all([
      this.#redis.incrby(keyOf(key), amount),
      this.#redis.pexpire(keyOf(key), ttlMs, 'NX'),
    ]);
    return sum;
  }
}
