/**
 * Where an update stands in its document's log.
 *
 * `epoch` is one history of the log (LOG3); `seq` counts its entries from 1 without holes (LOG2), and 0 means
 * "before the first". Both are integers below 2^53.
 */
export type Position = { readonly epoch: number; readonly seq: number };

/** Before everything: where a document that was never written stands. */
export const ORIGIN: Position = { epoch: 0, seq: 0 };

/** Negative, zero or positive as `a` stands before, at or after `b`. */
export function comparePositions(a: Position, b: Position): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

/** Whether `next` is the entry right behind `last`, in the same epoch (LOG2). */
export function follows(next: Position, last: Position): boolean {
  return next.epoch === last.epoch && next.seq === last.seq + 1;
}

/** Whether `entries` follow `last` one after the other within its epoch, so that none can be missing between them. */
export function followInRow(entries: readonly { readonly position: Position }[], last: Position): boolean {
  let at = last;
  for (const { position } of entries) {
    if (!follows(position, at)) return false;
    at = position;
  }
  return true;
}

/** `epoch-seq`, the form of a Redis stream id. */
export function formatPosition({ epoch, seq }: Position): string {
  return `${epoch}-${seq}`;
}

/** Reads what {@link formatPosition} wrote; throws a RangeError on anything else. */
export function parsePosition(text: string): Position {
  const dash = text.indexOf('-');
  const epoch = Number(text.slice(0, dash));
  const seq = Number(text.slice(dash + 1));
  if (dash < 1 || !Number.isSafeInteger(epoch) || !Number.isSafeInteger(seq) || epoch < 0 || seq < 0) {
    throw new RangeError(`not a log position: "${text.slice(0, 40)}"`);
  }
  return { epoch, seq };
}
