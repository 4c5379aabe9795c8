/**
 * Time as the product sees it, injected so that a test can own it. Times are in ms; `now` counts from an arbitrary
 * origin and never runs backwards.
 */
export type Timers = {
  now(): number;
  /** Calls `run` once after `delayMs`, without keeping the process alive; the result cancels. */
  after(delayMs: number, run: () => void): () => void;
  /** Calls `run` once when the events that are already waiting were handled; the result cancels. */
  soon(run: () => void): () => void;
};

export const systemTimers: Timers = {
  now: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref();
    return () => clearTimeout(timer);
  },
  soon(run) {
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  },
};

/** Resolves after `delayMs`. */
export function pause(timers: Timers, delayMs: number): Promise<void> {
  return new Promise((resolve) => timers.after(delayMs, resolve));
}
