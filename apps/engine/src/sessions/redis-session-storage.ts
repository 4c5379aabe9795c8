import { RedisScripts } from '../log/redis-scripts.ts';
import { RedisCommands } from '../redis/redis-commands.ts';
import type { RedisReply } from '../redis/resp-reader.ts';
import { type SessionStorage, SessionsUnavailable } from './session-storage.ts';

const SCRIPTS = { increment: new URL('./lua/increment-1.lua', import.meta.url) };

export const keyOf = (key: string): string => `kry:auth:${key}`;

export type RedisSessionStorageOptions = {
  /** `redis://…` */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
};

/** Sessions in Redis, one key each: `kry:auth:<key>`. */
export class RedisSessionStorage implements SessionStorage {
  readonly #redis: RedisCommands;
  readonly #scripts: RedisScripts<keyof typeof SCRIPTS>;

  /** Connects; rejects with {@link SessionsUnavailable} when Redis cannot be reached. */
  static async connect(options: RedisSessionStorageOptions): Promise<RedisSessionStorage> {
    const storage = new RedisSessionStorage(options);
    try {
      await storage.#redis.connect();
    } catch (error) {
      await storage.close();
      throw new SessionsUnavailable('Redis does not answer', { cause: error });
    }
    return storage;
  }

  private constructor({ url, name, onError }: RedisSessionStorageOptions) {
    this.#redis = new RedisCommands({
      url,
      name: `${name}:sessions`,
      onError,
      onReady: () => void this.#scripts.load().catch(onError),
    });
    this.#scripts = new RedisScripts((...args) => this.#redis.call(...args), SCRIPTS);
  }

  async get(key: string): Promise<string | null> {
    return textOf(await guard(() => this.#redis.call('GET', keyOf(key))));
  }

  async set(key: string, value: string, ttlSeconds?: number): Promise<void> {
    await guard(async () => {
      if (ttlSeconds === undefined) return await this.#redis.call('SET', keyOf(key), value);
      const ttlMs = Math.ceil(ttlSeconds * 1_000);
      // Redis refuses to store what is over already.
      if (ttlMs <= 0) return await this.#redis.call('DEL', keyOf(key));
      return await this.#redis.call('SET', keyOf(key), value, 'PX', ttlMs);
    });
  }

  async delete(key: string): Promise<void> {
    await guard(() => this.#redis.call('DEL', keyOf(key)));
  }

  async getAndDelete(key: string): Promise<string | null> {
    return textOf(await guard(() => this.#redis.call('GETDEL', keyOf(key))));
  }

  async increment(key: string, ttlSeconds: number): Promise<number> {
    const ttlMs = Math.ceil(ttlSeconds * 1_000);
    return Number(await guard(() => this.#scripts.run('increment', [keyOf(key), ttlMs])));
  }

  async close(): Promise<void> {
    this.#redis.close();
  }
}

function textOf(reply: RedisReply): string | null {
  return Buffer.isBuffer(reply) ? reply.toString('utf8') : null;
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new SessionsUnavailable(`Redis: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
