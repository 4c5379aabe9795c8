import { totalmem } from 'node:os';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import manifest from '../../package.json' with { type: 'json' };
import type { MetricSet } from './metric-set.ts';

export type ProcessRole = 'node' | 'worker';

/** The distribution of one read: a scrape begins the next. */
const QUANTILES = ['0.5', '0.99', '1'] as const;
const RESOLUTION_MS = 5;

/** What a node and a worker say of their process: event loop, memory, CPU. */
export class ProcessMetrics {
  readonly set: MetricSet;
  readonly #eventLoop = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

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
    const delay = this.#eventLoop;
    delay.enable();
    this.set.askedBy(
      'kryton_event_loop_delay_seconds',
      'How late the event loop ran since the last scrape, whoever scraped.',
      ['quantile', QUANTILES],
      (quantile) => {
        const seconds = delay.percentile(Number(quantile) * 100) / 1e9;
        if (quantile === '1') delay.reset();
        return seconds;
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
