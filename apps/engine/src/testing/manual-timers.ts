import type { Timers } from '../lifecycle/timers.ts';

/** Timers whose time passes only when the test says so. */
export type ManualTimers = Timers & {
  /** Lets `ms` pass: runs everything that falls due, in its order, and lets promises settle in between. */
  advance(ms: number): Promise<void>;
};

type Due = { readonly at: number; readonly order: number; readonly run: () => void };

/** A clock that starts at 0 ms. */
export function manualTimers(): ManualTimers {
  let now = 0;
  let counter = 0;
  const due = new Set<Due>();
  const add = (at: number, run: () => void) => {
    const entry = { at, order: counter++, run };
    due.add(entry);
    return () => void due.delete(entry);
  };
  const next = (until: number) =>
    [...due].filter(({ at }) => at <= until).toSorted((a, b) => a.at - b.at || a.order - b.order)[0];
  return {
    now: () => now,
    after: (delayMs, run) => add(now + delayMs, run),
    soon: (run) => add(now, run),
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let entry = next(until); entry !== undefined; entry = next(until)) {
        due.delete(entry);
        now = Math.max(now, entry.at);
        entry.run();
        await settle();
      }
      now = until;
    },
  };
}

/** Lets every promise that can settle without time do so: a turn of the real event loop. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
