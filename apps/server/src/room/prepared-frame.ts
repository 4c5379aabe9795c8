declare const prepared: unique symbol;
/** One whole WebSocket frame with its header, ready for any number of sockets. Never changed once made. */
export type PreparedFrame = Buffer & { readonly [prepared]: true };

/** FIN and the opcode of a binary frame (RFC 6455 section 5.2). A server does not mask. */
const FIN_BINARY = 0x82;
const MAX_7_BIT = 125;
const MAX_16_BIT = 0xffff;
const LENGTH_IS_16_BIT = 126;
const LENGTH_IS_64_BIT = 127;

/** Builds the frame of one message, so that a fan-out costs one buffer however many sockets it goes to (ROOM2). */
export function prepareFrame(message: Uint8Array): PreparedFrame {
  const { length } = message;
  const headerBytes = length <= MAX_7_BIT ? 2 : length <= MAX_16_BIT ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = FIN_BINARY;
  if (headerBytes === 2) {
    frame[1] = length;
  } else if (headerBytes === 4) {
    frame[1] = LENGTH_IS_16_BIT;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = LENGTH_IS_64_BIT;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.set(message, headerBytes);
  return frame as PreparedFrame;
}
