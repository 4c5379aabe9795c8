/** When each of many connections last heard an application message, and the longest that any of them heard nothing. */
export class SilenceWatch {
  readonly #lastMs: Float64Array;
  readonly #now: () => number;
  #longestMs = 0;
  #heard = 0;

  /** All of them count as having heard something now. */
  constructor(connections: number, now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastMs = new Float64Array(connections).fill(now());
  }

  heard(connection: number): void {
    const now = this.#now();
    this.#longestMs = Math.max(this.#longestMs, now - (this.#lastMs[connection] ?? now));
    this.#lastMs[connection] = now;
    this.#heard++;
  }

  /** Messages that were heard by all of them together. */
  get messages(): number {
    return this.#heard;
  }

  /** In ms; a silence that lasts until now counts too. */
  get longestMs(): number {
    const now = this.#now();
    return this.#lastMs.reduce((longest, last) => Math.max(longest, now - last), this.#longestMs);
  }
}
