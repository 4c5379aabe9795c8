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
  return readPosition(Buffer.from(text, 'latin1'));
}

const [DASH, ZERO] = [0x2d, 0x30];

/** The same from the bytes of a reply, from `start` to before `end`. */
export function readPosition(bytes: Uint8Array, start = 0, end: number = bytes.length): Position {
  let epoch = -1;
  let value = 0;
  let digits = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    const digit = byte - ZERO;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits += 1;
    } else if (byte === DASH && epoch === -1 && digits > 0 && Number.isSafeInteger(value)) {
      epoch = value;
      value = 0;
      digits = 0;
    } else {
      throw notAPosition(bytes, start, end);
    }
  }
  if (epoch === -1 || digits === 0 || !Number.isSafeInteger(value)) throw notAPosition(bytes, start, end);
  return { epoch, seq: value };
}

function notAPosition(bytes: Uint8Array, start: number, end: number): RangeError {
  const text = Buffer.from(bytes.subarray(start, Math.min(end, start + 40))).toString('latin1');
  return new RangeError(`not a log position: "${text}"`);
}
