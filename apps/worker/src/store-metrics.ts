import { JOB_STATES, type JobCounts } from '@kryton/engine/jobs/job-queue.ts';
import { redisFigures, worstOf } from '@kryton/engine/jobs/store-figures.ts';
import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import type { Gauge } from 'prom-client';

/** Half of what Prometheus usually scrapes at, so that no scrape sees the same twice. */
const ASK_EVERY_MS = 10_000;

export type StoreMetricsParts = {
  /** Asked for what Redis and the queue say of themselves; rejects when Redis does not answer. */
  readonly store: { storeInfos(): Promise<string[]>; counts(): Promise<JobCounts> };
  readonly timers: Timers;
  /** ms since 1970. */
  readonly wallClock: () => number;
};

/**
 * What a worker says of Redis, on behalf of everybody: nodes have enough to do, and an exporter beside Redis is one more
 * thing to run. Nothing is said of what did not answer.
 */
export class StoreMetrics {
  readonly #parts: StoreMetricsParts;
  readonly #isUp: Gauge;
  readonly #redis: ReturnType<typeof redisGauges>;
  readonly #jobs: Gauge<'state'>;
  #isStopped = false;

  constructor(set: MetricSet, parts: StoreMetricsParts) {
    this.#parts = parts;
    this.#isUp = set.gauge(
      'kryton_redis_up',
      '1 when Redis, each master of a cluster, answered this worker the last time it was asked.',
    );
    this.#redis = redisGauges(set);
    this.#jobs = set.gauge('kryton_jobs', 'Jobs in the queue; failed ones are tried no more.', {
      state: JOB_STATES,
    });
  }

  /** Asks every ten seconds until it is stopped; never rejects. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.ask();
      await pause(this.#parts.timers, ASK_EVERY_MS);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Asks once; never rejects. */
  async ask(): Promise<void> {
    const { store, wallClock } = this.#parts;
    try {
      const askedAt = wallClock();
      const infos = await store.storeInfos();
      const nowMs = (askedAt + wallClock()) / 2;
      const redis = worstOf(infos.map(redisFigures), nowMs);
      const offsetMs = redis.clockMs - nowMs;
      const counts = await store.counts();
      this.#redis.aofOn.set(Number(redis.isAofOn));
      this.#redis.aofHealthy.set(Number(redis.isAofHealthy));
      this.#redis.keepsKeys.set(Number(redis.keepsKeys));
      this.#redis.memory.set(redis.memoryBytes);
      this.#redis.memoryLimit.set(redis.memoryLimitBytes);
      this.#redis.evicted.set(redis.evictedKeys);
      this.#redis.clients.set(redis.clients);
      if (!Number.isNaN(offsetMs)) this.#redis.clockOffset.set(offsetMs / 1_000);
      for (const state of JOB_STATES) this.#jobs.set({ state }, counts[state]);
      this.#isUp.set(1);
    } catch {
      // Told by the metric; whoever needs Redis logs that it is away.
      this.#isUp.set(0);
      for (const gauge of Object.values(this.#redis)) gauge.remove();
      for (const state of JOB_STATES) this.#jobs.remove({ state });
    }
  }
}

function redisGauges(set: MetricSet) {
  return {
    aofOn: set.gauge('kryton_redis_aof_on', '1 when Redis writes an append-only file (appendonly yes).'),
    aofHealthy: set.gauge(
      'kryton_redis_aof_healthy',
      '1 when the last write to the append-only file and its last rewriting went well.',
    ),
    keepsKeys: set.gauge(
      'kryton_redis_noeviction',
      '1 when Redis evicts no keys, and with them edits (maxmemory-policy noeviction).',
    ),
    memory: set.gauge(
      'kryton_redis_memory_bytes',
      'Memory that Redis uses for its data; of a cluster the fullest master.',
    ),
    memoryLimit: set.gauge(
      'kryton_redis_memory_limit_bytes',
      'Memory that this Redis may use: maxmemory, or what its machine has.',
    ),
    evicted: set.gauge('kryton_redis_evicted_keys', 'Keys that Redis evicted since it started.'),
    clients: set.gauge('kryton_redis_clients', 'Connections to Redis, of everybody.'),
    clockOffset: set.gauge(
      'kryton_redis_clock_offset_seconds',
      'How far the clock of Redis is ahead of that of this worker.',
    ),
  };
}
