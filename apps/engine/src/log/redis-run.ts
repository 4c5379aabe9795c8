import type { Redis } from 'ioredis';

/**
 * Which run of Redis a connection talks to: the `run_id` that INFO tells, new with each start of the server and another
 * one on each replica. A log whose epoch began in another run may have lost its end (`appendfsync everysec`, a failover)
 * without its length telling, so every append names the run it means (LOG3).
 */
export class RedisRun {
  readonly #redis: Redis;
  #id: string | null = null;
  #asking: Promise<string> | null = null;

  constructor(redis: Redis) {
    this.#redis = redis;
    redis.on('close', () => {
      this.#id = null;
      this.#asking = null;
    });
  }

  /** The run, when this connection has asked already. */
  get known(): string | null {
    return this.#id;
  }

  /** The run, asked for once per connection. Rejects with the error of Redis, or an Error when it tells no run. */
  id(): Promise<string> {
    if (this.#asking !== null) return this.#asking;
    const asking = this.#ask();
    this.#asking = asking;
    asking.catch(() => {
      if (this.#asking === asking) this.#asking = null;
    });
    return asking;
  }

  async #ask(): Promise<string> {
    const id = /^run_id:(\S+)/m.exec(await this.#redis.info('server'))?.[1];
    if (id === undefined) throw new Error('INFO server names no run_id');
    this.#id = id;
    return id;
  }
}
