/** The widest time for which a document gathers (`apps/server/src/room/window.ts`). */
const MAX_WINDOW_S = 0.05;
/** How much longer than what sending cost (the same). */
const COST_FACTOR = 50;
const STEPS = 40;

export type Gathering = {
  /** Edits that one node appends to the document each second. */
  readonly editsPerS: number;
  /** Nodes that append to the document, this one too. */
  readonly appending: number;
  /** What it costs one node to send a batch to its people, in s. */
  readonly fanOutS: number;
};

/**
 * Batches that a node appends to one document each second. A batch leaves at once after a pause, and what follows waits
 * for the window, which is fifty times what sending cost since the last one and 50 ms at most: so a cycle is the window,
 * and when nothing came meanwhile the wait for the next edit on top. Edits come at random.
 */
export function batchesPerS({ editsPerS, appending, fanOutS }: Gathering): number {
  if (editsPerS === 0) return 0;
  let windowS = 0;
  for (let step = 0; step < STEPS; step++) {
    const share = Math.min(1, MAX_WINDOW_S / cycleS(editsPerS, windowS));
    const target = Math.min(MAX_WINDOW_S, fanOutS * appending * share * COST_FACTOR);
    windowS += (target - windowS) / 2;
  }
  return 1 / cycleS(editsPerS, windowS);
}

function cycleS(editsPerS: number, windowS: number): number {
  return windowS + Math.exp(-editsPerS * windowS) / editsPerS;
}
