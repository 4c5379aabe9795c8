/** A node asks for a fold at most so often (`fold-schedule.ts`): half of it is left, on average, when the next edit comes. */
const ASK_EVERY_S = 10;
/** The first look at a document comes so long after the request (FOLD_DELAY_MS). */
const FOLD_DELAY_S = 5;
/** A look folds when nobody has edited for so long (`fold-pace.ts`); else there is another one, … */
const IDLE_S = 3;
const LOOK_AGAIN_S = 4.5;
/** … until the oldest edit has waited for so long. */
const OVERDUE_S = 25;

export type Folding = {
  /** Snapshots that are committed for one document each second. */
  readonly foldsPerS: number;
  /** Jobs of the worker for it: folds, and looks that find it still being edited. */
  readonly jobsPerS: number;
};

/**
 * What a worker does for a document with so many edits a second, which come at random: the time from one fold to the
 * next is the wait for an edit that a node may ask for, the delay of the first look, and further looks until one finds
 * a pause or the edits overdue.
 */
export function folding(editsPerS: number): Folding {
  if (editsPerS === 0) return { foldsPerS: 0, jobsPerS: 0 };
  const untilAskedS = Math.max(1 / editsPerS, ASK_EVERY_S / 2);
  // Not 0, by which is divided.
  const isPause = Math.max(Math.exp(-editsPerS * IDLE_S), Number.EPSILON * 1e6);
  const mostLooks = 1 + (OVERDUE_S - FOLD_DELAY_S - ASK_EVERY_S / 2) / LOOK_AGAIN_S;
  const looks = (1 - (1 - isPause) ** mostLooks) / isPause;
  const foldsPerS = 1 / (untilAskedS + FOLD_DELAY_S + (looks - 1) * LOOK_AGAIN_S);
  return { foldsPerS, jobsPerS: foldsPerS * looks };
}
