import type { Redis } from 'ioredis';
import type { DocId } from '../protocol/ids.ts';
import { fenceKey } from './keys.ts';
import { commandConnection } from './redis-connection.ts';
import { RedisRun } from './redis-run.ts';

/** Replicas in one data centre answer within a few ms; more than this counts as not having it. */
const WAIT_MS = 1_000;
/** The fence has no other use than being written. */
const FENCE_LIFETIME_MS = 10_000;

export type RedisReplicasOptions = {
  readonly url: string;
  readonly name: string;
  readonly onError: (error: unknown) => void;
  readonly replicas: number;
};

type Asked = {
  readonly docId: DocId;
  readonly run: string;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
};

/**
 * Waits until replicas have what was written. `WAIT` asks for the writes of its own connection and holds that connection
 * up; so it has one of its own, on which something is written first. Replicas take what a master wrote in its order, so
 * whoever has that has all before it. One question is under way at most and stands for everybody who waited for it.
 */
export class RedisReplicas {
  readonly #redis: Redis;
  readonly #run: RedisRun;
  readonly #replicas: number;
  #asked: Asked[] = [];
  #isAsking = false;

  constructor({ url, name, onError, replicas }: RedisReplicasOptions) {
    this.#redis = commandConnection(url, `${name}:replicas`, { enableAutoPipelining: false });
    this.#redis.on('error', onError);
    this.#run = new RedisRun(this.#redis);
    this.#replicas = replicas;
  }

  async connect(): Promise<void> {
    await this.#redis.connect();
  }

  disconnect(): void {
    this.#redis.disconnect();
  }

  /**
   * Resolves when enough replicas have all that was written to the log of `docId` before this call, in this run of
   * Redis. Rejects when they do not say so in time, or Redis is another one by now: then it is not known.
   */
  have(docId: DocId, run: string): Promise<void> {
    return new Promise((done, fail) => {
      this.#asked.push({ docId, run, done, fail });
      if (!this.#isAsking) void this.#askAll();
    });
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    while (this.#asked.length > 0) {
      const asked = this.#asked;
      this.#asked = [];
      try {
        const run = await this.#ask(asked[0]?.docId);
        for (const { run: meant, done, fail } of asked) {
          if (meant === run) done();
          else fail(new Error('Redis was restarted or failed over while its replicas were waited for'));
        }
      } catch (error) {
        for (const { fail } of asked) fail(error);
      }
    }
    this.#isAsking = false;
  }

  /** The run of Redis in which enough replicas have everything written before. */
  async #ask(docId: DocId | undefined): Promise<string> {
    if (docId === undefined) throw new TypeError('nobody asks');
    const run = await this.#run.id();
    // At once, so that both go to the Redis of this run or, should the connection break, neither is answered.
    const [, have] = await Promise.all([
      this.#redis.set(fenceKey(docId), '', 'PX', FENCE_LIFETIME_MS),
      this.#redis.wait(this.#replicas, WAIT_MS),
    ]);
    if (have < this.#replicas) {
      throw new Error(
        `${have} of ${this.#replicas} replicas have it within ${WAIT_MS} ms (REDIS_WAIT_REPLICAS)`,
      );
    }
    return run;
  }
}
