import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

type Due = { readonly at: number; readonly order: number; run: (() => void) | null };

/**
 * Virtual time, and the one queue of everything that will happen. Between two events all promises settle, so that a
 * run is the same each time as long as nothing waits for anything but this clock.
 */
export class SimClock implements Timers {
  #now = 0;
  #order = 0;
  readonly #heap: Due[] = [];
  /** Events that were run. */
  events = 0;

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(due);
    return () => {
      due.run = null;
    };
  }

  soon(run: () => void): () => void {
    return this.after(0, run);
  }

  /** Runs everything that falls due within the next `ms`, in its order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let due = this.#heap[0]; due !== undefined && due.at <= until; due = this.#heap[0]) {
      this.#pop();
      const { run } = due;
      if (run === null) continue;
      this.#now = due.at;
      this.events++;
      run();
      await settle();
    }
    this.#now = until;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(due);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, due)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const [left, right] = [heap[child], heap[child + 1]];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child++;
      const below = heap[child];
      if (below === undefined || isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** One turn of the real event loop: every promise that can settle without time has. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
