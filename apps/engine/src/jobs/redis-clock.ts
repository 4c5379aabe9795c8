import type { Redis } from 'ioredis';
import type { Timers } from '../lifecycle/timers.ts';

/** Two quartz clocks part by less than 100 ms in this time. */
const ASK_EVERY_MS = 10 * 60_000;

/**
 * The time as Redis has it, in ms since 1970, without asking for each use. BullMQ reckons the delay of a job from the
 * clock of whoever adds it: a node an hour ahead would put its folds off by an hour (SNAP5).
 */
export class RedisClock {
  readonly #redis: Redis;
  readonly #timers: Pick<Timers, 'now'>;
  /** What Redis said, and when by our own steady clock. */
  #asked: { readonly redisMs: number; readonly at: number } | null = null;

  constructor(redis: Redis, timers: Pick<Timers, 'now'>) {
    this.#redis = redis;
    this.#timers = timers;
    // It may be another Redis, with another clock.
    redis.on('close', () => {
      this.#asked = null;
    });
  }

  /** Rejects with the error of Redis when it has to be asked and does not answer. */
  async now(): Promise<number> {
    const now = this.#timers.now();
    if (this.#asked === null || now - this.#asked.at > ASK_EVERY_MS) {
      const [seconds, microseconds] = await this.#redis.time();
      this.#asked = { redisMs: Number(seconds) * 1_000 + Number(microseconds) / 1_000, at: now };
    }
    return Math.round(this.#asked.redisMs + this.#timers.now() - this.#asked.at);
  }
}
