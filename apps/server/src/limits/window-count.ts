/** Limits are by the minute. */
export const WINDOW_MS = 60_000;

/**
 * How often something happened within the last minute, as far as this node knows: what it saw itself, and what the
 * other nodes handed over. The minute slides: of the last whole one, the part that still lies within 60 s counts.
 */
export class WindowCount {
  /** The minute that is counted, as a number since 1970. */
  #window: number;
  /** In this minute, on all nodes, as far as it was handed over. */
  #known = 0;
  /** In this minute, on this node, not handed over yet. */
  #unsent = 0;
  /** In the minute before. */
  #before = 0;

  constructor(window: number) {
    this.#window = window;
  }

  get unsent(): number {
    return this.#unsent;
  }

  /** Whether it says nothing any more. */
  isForgotten(window: number): boolean {
    return window > this.#window + 1;
  }

  add(amount: number, window: number): void {
    this.#turnTo(window);
    this.#unsent += amount;
  }

  /** `passed`: the part of this minute that is over, from 0 to 1. */
  estimate(window: number, passed: number): number {
    this.#turnTo(window);
    return this.#known + this.#unsent + Math.ceil(this.#before * (1 - passed));
  }

  /** Takes what was not handed over: from now on it counts as known, also when handing it over fails. */
  take(window: number): number {
    this.#turnTo(window);
    const amount = this.#unsent;
    this.#unsent = 0;
    this.#known += amount;
    return amount;
  }

  /** The store's sum of `window`. It never lowers what is known: the store may have lost some. */
  learn(sum: number, window: number): void {
    if (window === this.#window) this.#known = Math.max(this.#known, sum);
  }

  #turnTo(window: number): void {
    if (window <= this.#window) return;
    this.#before = window === this.#window + 1 ? this.#known + this.#unsent : 0;
    this.#window = window;
    this.#known = 0;
    this.#unsent = 0;
  }
}
