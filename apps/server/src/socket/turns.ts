import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

/**
 * One queue of a node for work of a millisecond or more: one piece of it a turn of the event loop, first come, first
 * served. Fifty clients that ask for fifty different answers at the same moment hold up nobody's keystroke for longer
 * than one of them (ROOM5).
 */
export class Turns {
  readonly #timers: Timers;
  readonly #waiting: (() => void)[] = [];

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves when it is this caller's turn. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (this.#waiting.length === 1) this.#timers.soon(() => this.#run());
    });
  }

  #run(): void {
    this.#waiting[0]?.();
    this.#waiting.shift();
    if (this.#waiting.length > 0) this.#timers.soon(() => this.#run());
  }
}
