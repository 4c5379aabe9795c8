import { TICK_MS, watchEventLoop } from '@kryton/engine/lifecycle/event-loop-ticks.ts';

const NS_PER_MS = 1e6;

/** How long what arrives waits until this process looks at it. */
export class EventLoopWait {
  readonly #turns = watchEventLoop();

  /**
   * The average since the last call, in ms: of a message that arrives at any moment, so a turn of the loop counts by
   * the time that it takes (the sum of their squares by twice their sum). By number, as a percentile counts, one turn
   * of a second would vanish among the many short ones.
   */
  takeMs(): number {
    const { mean, stddev, count } = this.#turns;
    this.#turns.reset();
    if (count === 0) return 0;
    const waitMs = (mean ** 2 + stddev ** 2) / (2 * mean) / NS_PER_MS;
    return Math.max(0, waitMs - TICK_MS / 2);
  }

  stop(): void {
    this.#turns.disable();
  }
}
