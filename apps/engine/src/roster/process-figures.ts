import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/** What every process tells of itself. Its timer ends with {@link ProcessFigures.stop}. */
export class ProcessFigures {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #startedAt = performance.now();

  constructor() {
    this.#delay.enable();
  }

  /** Since the last call where it is about time. */
  take(): { upMs: number; eventLoopMs: number | null; memoryBytes: number } {
    // What is measured is the time between two ticks, which is the resolution where nothing is late.
    const lateMs = this.#delay.percentile(99) / NS_PER_MS - RESOLUTION_MS;
    const eventLoopMs = this.#delay.count === 0 ? null : Math.max(0, lateMs);
    this.#delay.reset();
    return { upMs: performance.now() - this.#startedAt, eventLoopMs, memoryBytes: process.memoryUsage.rss() };
  }

  stop(): void {
    this.#delay.disable();
  }
}
