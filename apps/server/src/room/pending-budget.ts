/**
 * A byte budget that all rooms of a node share for what they have accepted and the log does not have yet (LOG6): with
 * Redis away, ten thousand documents of a few KB each would otherwise add up. Over it, whoever writes is not read from
 * until half of it is free again.
 */
export class PendingBudget {
  readonly #highBytes: number;
  readonly #lowBytes: number;
  readonly #relieved = new Set<() => void>();
  #bytes = 0;
  #isOver = false;

  constructor(highBytes: number) {
    this.#highBytes = highBytes;
    this.#lowBytes = highBytes / 2;
  }

  get limitBytes(): number {
    return this.#highBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#highBytes) this.#isOver = true;
  }

  remove(bytes: number): void {
    this.#bytes -= bytes;
    if (!this.#isOver || this.#bytes > this.#lowBytes) return;
    this.#isOver = false;
    for (const relieved of [...this.#relieved]) relieved();
  }

  /** `relieved` is called each time that the budget is no longer exceeded, until the result is called. */
  onRelief(relieved: () => void): () => void {
    this.#relieved.add(relieved);
    return () => this.#relieved.delete(relieved);
  }
}
