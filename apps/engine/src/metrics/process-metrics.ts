import { totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';
import manifest from '../../package.json' with { type: 'json' };
import { TICK_MS, watchEventLoop } from '../lifecycle/event-loop-ticks.ts';
import type { MetricSet } from './metric-set.ts';

export type ProcessRole = 'node' | 'worker';

/** The distribution of one read: a scrape begins the next. */
const QUANTILES = ['0.5', '0.99', '1'] as const;
const NS_PER_MS = 1e6;

/** What a node and a worker say of their process: event loop, memory, CPU. */
export class ProcessMetrics {
  readonly set: MetricSet;
  readonly #eventLoop = watchEventLoop();

  /** `set` is the one that these metrics join. Call {@link stop} in the end. */
  constructor(role: ProcessRole, set: MetricSet) {
    this.set = set;
    const info = set.gauge('kryton_process_info', '1, for what its labels say of the process.', {
      role: ['node', 'worker'],
      version: { anyOf: 'the version of Kryton' },
      runtime: { anyOf: 'the version of Node' },
    });
    info.set({ role, version: manifest.version, runtime: process.version }, 1);
    set.asked(
      'kryton_start_time_seconds',
      'When the process started, in seconds since 1970.',
      () => performance.timeOrigin / 1_000,
    );
    this.#observeMemory();
    set.askedCounter('kryton_cpu_seconds_total', 'CPU time of the process, user and system.', cpuSeconds);
    this.#observeEventLoop();
  }

  stop(): void {
    this.#eventLoop.disable();
  }

  #observeMemory(): void {
    const { set } = this;
    set.asked('kryton_resident_memory_bytes', 'Resident memory of the process.', () =>
      process.memoryUsage.rss(),
    );
    set.asked(
      'kryton_memory_limit_bytes',
      'Memory that the process may take: the limit of its container, or what the machine has.',
      memoryLimitBytes,
    );
    set.asked(
      'kryton_heap_used_bytes',
      'JavaScript objects of the main thread.',
      () => process.memoryUsage().heapUsed,
    );
  }

  #observeEventLoop(): void {
    const ticks = this.#eventLoop;
    this.set.askedBy(
      'kryton_event_loop_delay_seconds',
      'How late the event loop ran since the last scrape, whoever scraped.',
      ['quantile', QUANTILES],
      (quantile) => {
        const lateMs = ticks.percentile(Number(quantile) * 100) / NS_PER_MS - TICK_MS;
        if (quantile === '1') ticks.reset();
        return Math.max(0, lateMs) / 1_000;
      },
    );
    let last = performance.eventLoopUtilization();
    this.set.asked(
      'kryton_event_loop_busy_ratio',
      'Share of the time since the last scrape in which the event loop did not wait.',
      () => {
        const now = performance.eventLoopUtilization();
        const { utilization } = performance.eventLoopUtilization(now, last);
        last = now;
        return utilization;
      },
    );
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Without a cgroup limit Node answers 0, or a number beyond what any machine has. */
function memoryLimitBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : totalmem();
}
