import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { Position } from '@kryton/engine/log/position.ts';

/** What arrives within so long of each other leaves together. */
const TOGETHER_MS = 3;
/** A document whose last fan-out was longer ago is quiet: what arrives goes out at once (ROOM2). */
const QUIET_MS = 60;
const DEAR_MS = 0.3;

export type ArrivalsOptions = {
  readonly timers: Timers;
  /** A fan-out that took less, in ms, is not worth waiting for; 0.3 unless told. */
  readonly dearMs?: number | undefined;
  /** Called when something arrives, whoever sent it. */
  readonly onArrival: () => void;
  /** Takes the next announcement of the log. */
  readonly receive: (position: Position, update: Uint8Array | null) => void;
  /** Runs what makes frames, and sends them to everybody as one. */
  readonly together: (run: () => void) => void;
};

type Arrival = { readonly position: Position; readonly update: Uint8Array | null };

/**
 * Where several nodes write to one document, each gathers for itself, and every socket would be written to for each of
 * them. In a crowd those writes are most of what an edit costs (loadtest/PROFILE.md): so what the log announces within a
 * few ms is handed on together. To everything behind it, it is as if the network had been so much slower.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  #waiting: Arrival[] = [];
  #cancel: () => void = () => {};
  #sentAt = Number.NEGATIVE_INFINITY;
  #tookMs = 0;

  constructor(options: ArrivalsOptions) {
    this.#options = options;
  }

  /** An announcement of the log; `update` null when it came without its bytes. */
  add(position: Position, update: Uint8Array | null): void {
    const { timers, onArrival, receive, dearMs = DEAR_MS } = this.#options;
    this.#waiting.push({ position, update });
    onArrival();
    if (this.#waiting.length > 1) return;
    const isQuiet = this.#tookMs < dearMs || timers.now() - this.#sentAt > QUIET_MS;
    if (!isQuiet) {
      this.#cancel = timers.after(TOGETHER_MS, () => this.flush());
      return;
    }
    this.#waiting = [];
    this.#timed(() => receive(position, update));
  }

  /** Hands on what waits. */
  flush(): void {
    const { together, receive } = this.#options;
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#cancel();
    this.#waiting = [];
    this.#timed(() =>
      together(() => {
        for (const { position, update } of waiting) receive(position, update);
      }),
    );
  }

  #timed(send: () => void): void {
    const { timers } = this.#options;
    const startedAt = timers.now();
    send();
    this.#sentAt = timers.now();
    this.#tookMs = this.#sentAt - startedAt;
  }

  close(): void {
    this.#cancel();
    this.#waiting = [];
  }
}
