const FIN = 0x80;
const LENGTH_IS_16_BIT = 126;
const LENGTH_IS_64_BIT = 127;

/** Puts the messages together again that `prepareFrame` made frames of, from what a stream brings piece by piece. */
export class Unframer {
  #bytes: Uint8Array = new Uint8Array();
  #fragments: Uint8Array[] = [];

  /** The messages that are whole with these bytes. */
  add(bytes: Uint8Array): Uint8Array[] {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const messages: Uint8Array[] = [];
    for (let end = this.#endOfFirst(); end !== null; end = this.#endOfFirst()) {
      const frame = this.#bytes.subarray(0, end);
      this.#bytes = this.#bytes.subarray(end);
      this.#fragments.push(frame.subarray(headBytes(frame)));
      if (((frame[0] ?? 0) & FIN) === 0) continue;
      const [only] = this.#fragments;
      messages.push(this.#fragments.length === 1 && only ? only : Buffer.concat(this.#fragments));
      this.#fragments = [];
    }
    return messages;
  }

  #endOfFirst(): number | null {
    if (this.#bytes.length < 2 || this.#bytes.length < headBytes(this.#bytes)) return null;
    const end = headBytes(this.#bytes) + bodyBytes(this.#bytes);
    return this.#bytes.length < end ? null : end;
  }
}

/** RFC 6455 section 5.2; a server does not mask. */
function headBytes(frame: Uint8Array): number {
  const length = frame[1] ?? 0;
  if (length === LENGTH_IS_64_BIT) return 10;
  return length === LENGTH_IS_16_BIT ? 4 : 2;
}

function bodyBytes(frame: Uint8Array): number {
  const view = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  switch (headBytes(frame)) {
    case 10:
      return Number(view.readBigUInt64BE(2));
    case 4:
      return view.readUInt16BE(2);
    default:
      return frame[1] ?? 0;
  }
}
