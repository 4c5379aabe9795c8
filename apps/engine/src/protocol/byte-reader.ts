/**
 * Reads the lib0 encoding (https://github.com/dmonad/lib0, `decoding.js`) strictly: every read stays inside the
 * given bytes and every number is a safe integer.
 *
 * lib0's own decoder is not used on what strangers send: it reads `undefined` past the end of the input in
 * `readUint8`, returns numbers above 2^53, and NaN for a run of 150 bytes 0x80.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  /** Index of the next byte to be read. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** How many bytes are still unread. */
  get left(): number {
    return this.bytes.length - this.position;
  }

  /** One byte. Throws {@link UnreadableBytes} at the end. */
  byte(): number {
    const byte = this.bytes[this.position];
    if (byte === undefined) throw new UnreadableBytes('the bytes end too early');
    this.position += 1;
    return byte;
  }

  /** An unsigned integer below 2^53 in at most 8 bytes, low seven bits first. Throws {@link UnreadableBytes}. */
  varUint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let factor = 0x80;
    const lastPosition = this.position + 7;
    do {
      if (this.position === lastPosition) throw new UnreadableBytes('an integer is longer than 8 bytes');
      byte = this.byte();
      value += (byte & 0x7f) * factor;
      factor *= 0x80;
    } while (byte >= 0x80);
    if (value > Number.MAX_SAFE_INTEGER) throw new UnreadableBytes('an integer is larger than 2^53 - 1');
    return value;
  }

  /** The next `lengthBytes` bytes as a view on the input. Throws {@link UnreadableBytes}. */
  view(lengthBytes: number): Uint8Array {
    const start = this.position;
    this.skip(lengthBytes);
    // Not `subarray`: on a Node Buffer that makes another Buffer, which costs several times as much.
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, lengthBytes);
  }

  /** Bytes that stand behind their length, as a view on the input. Throws {@link UnreadableBytes}. */
  varBytes(): Uint8Array {
    return this.view(this.varUint());
  }

  /** Passes over `lengthBytes` bytes. Throws {@link UnreadableBytes} when there are fewer. */
  skip(lengthBytes: number): void {
    if (lengthBytes > this.left) {
      throw new UnreadableBytes(`${lengthBytes} bytes are announced, ${this.left} are there`);
    }
    this.position += lengthBytes;
  }
}

/** The bytes do not hold what their format promises; the message says what, as the end of a sentence. */
export class UnreadableBytes extends Error {
  override readonly name = 'UnreadableBytes';
}
