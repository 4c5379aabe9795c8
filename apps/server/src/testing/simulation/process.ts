import type { Timers } from '@kryton/engine/lifecycle/timers.ts';

export type ProcessOptions = {
  readonly name: string;
  readonly clock: Timers;
  /** Told once, when it is killed. */
  readonly onKilled: () => void;
};

/**
 * A process of the cluster that can be killed or stopped at any moment. What it has sent is on its way; everything else
 * of it ends with it, because its timers never fire and its promises never settle.
 */
export class SimProcess {
  readonly name: string;
  /** Time as the product sees it in this process. */
  readonly timers: Timers;
  readonly #clock: Timers;
  readonly #onKilled: () => void;
  #isAlive = true;
  #frozenUntil = 0;
  /** What came while it stood still. */
  #waiting: (() => void)[] = [];

  constructor({ name, clock, onKilled }: ProcessOptions) {
    this.name = name;
    this.#clock = clock;
    this.#onKilled = onKilled;
    this.timers = {
      now: () => clock.now(),
      after: (delayMs, run) => clock.after(delayMs, () => this.whenAwake(run)),
      soon: (run) => clock.soon(() => this.whenAwake(run)),
    };
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#clock.now() < this.#frozenUntil;
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#onKilled();
  }

  /** Stands still for `ms`, as with SIGSTOP; then it goes on as if nothing had been. */
  freeze(ms: number): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#clock.now() + ms);
    this.#clock.after(ms, () => this.#wake());
  }

  /** Calls `run` now, or when it stands still no more; never when it is dead. */
  whenAwake(run: () => void): void {
    if (!this.#isAlive) return;
    if (this.isFrozen || this.#waiting.length > 0) this.#waiting.push(run);
    else run();
  }

  /** One at a time, in the order in which they came, as an event loop does that goes on. */
  #wake(): void {
    if (!this.#isAlive || this.isFrozen) return;
    this.#waiting.shift()?.();
    if (this.#waiting.length > 0) this.#clock.soon(() => this.#wake());
  }
}
