import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';

const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 2_000;

/** The command is ending; what was waiting for a store is given up. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

export type RetriesOptions = {
  readonly timers: Timers;
  /** Which errors mean "not now"; any other is thrown at once. */
  readonly isPassing: (error: unknown) => boolean;
  /** How long one call may keep failing, in ms. */
  readonly giveUpAfterMs: number;
  /** Told of each failure that is tried again. */
  readonly onRetry: (what: string, error: unknown) => void;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
};

/** Runs calls to the stores again, with the same arguments, while a store is away. */
export class Retries {
  readonly #options: RetriesOptions;

  constructor(options: RetriesOptions) {
    this.#options = options;
  }

  /**
   * Settles as `call` does once it no longer fails in passing. Rejects with its last error after `giveUpAfterMs`, and
   * with {@link Stopped} when the command ends.
   */
  async run<Result>(what: string, call: () => Promise<Result>): Promise<Result> {
    const { timers, isPassing, giveUpAfterMs, onRetry, signal } = this.#options;
    const startedAt = timers.now();
    let pauseMs = FIRST_PAUSE_MS;
    for (;;) {
      if (signal.aborted) throw new Stopped(`given up: ${what}`);
      try {
        return await call();
      } catch (error) {
        if (!isPassing(error) || timers.now() - startedAt >= giveUpAfterMs) throw error;
        onRetry(what, error);
      }
      await pause(timers, pauseMs);
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    }
  }
}
