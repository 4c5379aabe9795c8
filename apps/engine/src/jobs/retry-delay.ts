/** Growing pauses, so that a store that is down is not stormed; capped, so that it is noticed when it is back. */
const FIRST_MS = 1_000;
const LONGEST_MS = 10_000;

/** How long to wait after the `failures`-th failure in a row (from 1), in ms; `random` is in [0, 1) and spreads. */
export function retryDelayMs(failures: number, random: number): number {
  const fullMs = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 30), LONGEST_MS);
  return Math.round(fullMs * (0.5 + random / 2));
}
