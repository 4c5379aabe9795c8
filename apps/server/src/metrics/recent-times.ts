/** The mean of durations since it was last taken, at the cost of two additions each. */
export class RecentTimes {
  #count = 0;
  #sumMs = 0;

  add(ms: number): void {
    this.#count++;
    this.#sumMs += ms;
  }

  /** In ms; null where there was none since the last call. */
  take(): number | null {
    const mean = this.#count === 0 ? null : this.#sumMs / this.#count;
    this.#count = 0;
    this.#sumMs = 0;
    return mean;
  }
}
