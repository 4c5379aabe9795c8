import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * How late the generator's event loop may run (p99) before its latencies are its own and not the servers': a third of
 * the strictest bound on a latency (60 ms).
 */
export const LAG_BOUND_MS = 20;

export type GeneratorState = {
  /** How late its event loop ran, p99, in ms. */
  readonly lagMs: number;
  /** The share of its core that it used. */
  readonly busy: number;
};

/** Starts watching this process; the result ends it and says how it was. */
export function watchGenerator(): () => GeneratorState {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  delay.enable();
  return () => {
    delay.disable();
    const { user, system } = process.cpuUsage(cpuBefore);
    const busy = (user + system) / 1_000 / (performance.now() - startedAt);
    return { lagMs: delay.percentile(99) / 1e6, busy };
  };
}
