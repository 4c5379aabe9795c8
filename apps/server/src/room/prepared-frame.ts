declare const prepared: unique symbol;
/**
 * One whole WebSocket message, framed and ready for any number of sockets. Never changed once made. A large message is
 * a row of fragments (RFC 6455 section 5.4), so that it can be written in pieces of {@link PIECE_BYTES} with the
 * control frames of `ws` (ping, pong, close) between them.
 */
export type PreparedFrame = Buffer & { readonly [prepared]: true };

const FIN = 0x80;
const BINARY = 0x02;
const CONTINUATION = 0x00;
const MAX_7_BIT = 125;
const MAX_16_BIT = 0xffff;
const LENGTH_IS_16_BIT = 126;
const LENGTH_IS_64_BIT = 127;
const LARGEST_HEADER_BYTES = 10;

/** Half a millisecond of a socket that takes everything at once (20 MB: 40 ms, loopback). */
const FRAGMENT_BYTES = 256 * 1024;
/** A fragment with its header: every piece of a large frame but the last has this length. */
export const PIECE_BYTES: number = FRAGMENT_BYTES + LARGEST_HEADER_BYTES;

/** Builds the frame of one message, so that a fan-out costs one buffer however many sockets it goes to (ROOM2). */
export function prepareFrame(message: Uint8Array): PreparedFrame {
  const whole = Math.max(0, Math.ceil(message.length / FRAGMENT_BYTES) - 1);
  const rest = message.length - whole * FRAGMENT_BYTES;
  const frame = Buffer.allocUnsafe(whole * PIECE_BYTES + headerBytes(rest) + rest);
  let at = 0;
  for (let index = 0; index <= whole; index++) {
    const start = index * FRAGMENT_BYTES;
    const body = message.subarray(start, start + FRAGMENT_BYTES);
    const head = (index === whole ? FIN : 0) | (index === 0 ? BINARY : CONTINUATION);
    at = writeHeader(frame, at, head, body.length);
    frame.set(body, at);
    at += body.length;
  }
  return frame as PreparedFrame;
}

/** Frames that leave one after the other, as one buffer; null where that is too large to be written in one piece. */
export function joinFrames(frames: readonly PreparedFrame[]): PreparedFrame | null {
  const [first] = frames;
  if (first !== undefined && frames.length === 1) return first;
  const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  return bytes > PIECE_BYTES ? null : (Buffer.concat(frames, bytes) as PreparedFrame);
}

function headerBytes(length: number): number {
  if (length <= MAX_7_BIT) return 2;
  return length <= MAX_16_BIT ? 4 : LARGEST_HEADER_BYTES;
}

/** Section 5.2, the length in as few bytes as hold it; a server does not mask. Returns where the body begins. */
function writeHeader(frame: Buffer, at: number, head: number, length: number): number {
  frame[at] = head;
  switch (headerBytes(length)) {
    case 2:
      frame[at + 1] = length;
      return at + 2;
    case 4:
      frame[at + 1] = LENGTH_IS_16_BIT;
      return frame.writeUInt16BE(length, at + 2);
    default:
      frame[at + 1] = LENGTH_IS_64_BIT;
      return frame.writeBigUInt64BE(BigInt(length), at + 2);
  }
}
