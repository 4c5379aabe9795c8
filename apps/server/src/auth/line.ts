export type LineOptions = {
  /** How many are served at the same time. */
  readonly atOnce: number;
  /** How many wait at most. */
  readonly maxWaiting: number;
};

/** So many wait already that one more would not be served in time. */
export class LineFull extends Error {
  override readonly name = 'LineFull';

  constructor() {
    super('too many are waiting already');
  }
}

/** First come, first served, a few at a time. */
export class Line {
  readonly #options: LineOptions;
  readonly #waiting: (() => void)[] = [];
  #served = 0;

  constructor(options: LineOptions) {
    this.#options = options;
  }

  /** Settles as `work` does, which is called when its turn comes. Rejects with {@link LineFull}. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#takeTurn();
    try {
      return await work();
    } finally {
      this.#passTurn();
    }
  }

  async #takeTurn(): Promise<void> {
    if (this.#served < this.#options.atOnce) {
      this.#served += 1;
      return;
    }
    if (this.#waiting.length >= this.#options.maxWaiting) throw new LineFull();
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The turn goes from hand to hand: the count stays while somebody waits. */
  #passTurn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#served -= 1;
  }
}
