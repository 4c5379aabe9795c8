import { TICK_MS, watchEventLoop } from '../lifecycle/event-loop-ticks.ts';

const NS_PER_MS = 1e6;

/** What every process tells of itself. Its timer ends with {@link ProcessFigures.stop}. */
export class ProcessFigures {
  readonly #ticks = watchEventLoop();
  readonly #startedAt = performance.now();

  /** Since the last call where it is about time. */
  take(): { upMs: number; eventLoopMs: number | null; memoryBytes: number } {
    const lateMs = this.#ticks.percentile(99) / NS_PER_MS - TICK_MS;
    const eventLoopMs = this.#ticks.count === 0 ? null : Math.max(0, lateMs);
    this.#ticks.reset();
    return { upMs: performance.now() - this.#startedAt, eventLoopMs, memoryBytes: process.memoryUsage.rss() };
  }

  stop(): void {
    this.#ticks.disable();
  }
}
