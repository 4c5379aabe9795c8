/** What Redis answers: strings arrive as Buffers of their own, numbers as numbers, nothing as null. */
export type RedisReply = Buffer | number | null | RedisReply[];

/** Redis refused a command; the message is its own and begins with a code (`READONLY …`, `MOVED …`). */
export class RedisRefused extends Error {
  override readonly name = 'RedisRefused';
}

/** What arrives cannot be RESP: the connection leads to something else, or lost its place. */
export class NoRedis extends Error {
  override readonly name = 'NoRedis';
}

type OpenArray = { readonly items: RedisReply[]; missing: number };
type OpenBulk = { readonly bytes: Buffer; filled: number };

const [CR, LF, MINUS, ZERO] = [0x0d, 0x0a, 0x2d, 0x30];
const [SIMPLE, ERROR, NUMBER, BULK, ARRAY] = [0x2b, 0x2d, 0x3a, 0x24, 0x2a];
const LINE_END_BYTES = 2;
/** No line of a reply that is not a bulk string is longer. */
const LONGEST_LINE_BYTES = 64 * 1024;

/**
 * Reads replies of RESP2 from a connection (https://redis.io/docs/latest/develop/reference/protocol-spec/) as they
 * arrive, in pieces of any length. A reply that is an error is given as a {@link RedisRefused}, also where it stands in
 * an array. The bytes of a chunk are only used during `push`.
 */
export class RespReader {
  readonly #onReply: (reply: RedisReply | RedisRefused) => void;
  /** The beginning of a line that has not ended. */
  #rest: Buffer | null = null;
  #bulk: OpenBulk | null = null;
  /** Arrays that lack items, the outermost first. */
  readonly #open: OpenArray[] = [];
  #refused: RedisRefused | null = null;

  constructor(onReply: (reply: RedisReply | RedisRefused) => void) {
    this.#onReply = onReply;
  }

  /** Throws {@link NoRedis} when what arrives is no RESP. */
  push(chunk: Buffer): void {
    const rest = this.#rest;
    this.#rest = null;
    const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (at < bytes.length) {
      const next = this.#bulk === null ? this.#readLine(bytes, at) : this.#fill(this.#bulk, bytes, at);
      if (next === null) {
        // A copy: what is kept must not keep the whole chunk.
        this.#rest = Buffer.from(bytes.subarray(at));
        if (this.#rest.length > LONGEST_LINE_BYTES) throw new NoRedis('a line of the reply does not end');
        return;
      }
      at = next;
    }
  }

  /** Reads what begins at `at`; the result is where it ends, null when its line goes on in the next chunk. */
  #readLine(bytes: Buffer, at: number): number | null {
    switch (bytes[at]) {
      case BULK:
      case NUMBER:
      case ARRAY:
        return this.#readNumbered(bytes, at);
      case SIMPLE:
      case ERROR:
        return this.#readText(bytes, at);
      default:
        throw new NoRedis(`a reply begins with the byte ${bytes[at]}`);
    }
  }

  /** A line with a number, which is most of them, digit by digit: looking for its end costs more than reading it. */
  #readNumbered(bytes: Buffer, start: number): number | null {
    const isNegative = bytes[start + 1] === MINUS;
    let at = isNegative ? start + 2 : start + 1;
    let value = 0;
    for (; at < bytes.length && bytes[at] !== CR; at++) {
      const digit = (bytes[at] ?? 0) - ZERO;
      if (digit < 0 || digit > 9) throw new NoRedis('a number of the reply has other signs than digits');
      value = value * 10 + digit;
    }
    const end = at + LINE_END_BYTES;
    if (end > bytes.length) return null;
    if (bytes[at + 1] !== LF) throw new NoRedis('a line of the reply has no end');
    const number = isNegative ? -value : value;
    if (bytes[start] === BULK) return this.#readBulk(number, bytes, end);
    if (bytes[start] === ARRAY) this.#openArray(number);
    else this.#take(number);
    return end;
  }

  #readText(bytes: Buffer, at: number): number | null {
    const end = bytes.indexOf(LF, at);
    if (end === -1) return null;
    const textEnd = end - 1;
    if (bytes[textEnd] !== CR) throw new NoRedis('a line of the reply has no end');
    if (bytes[at] === ERROR) {
      this.#refused = new RedisRefused(bytes.toString('utf8', at + 1, textEnd));
      this.#take(null);
    } else {
      this.#take(Buffer.from(bytes.subarray(at + 1, textEnd)));
    }
    return end + 1;
  }

  #readBulk(length: number, bytes: Buffer, at: number): number {
    if (length < 0) {
      this.#take(null);
      return at;
    }
    const end = at + length;
    if (end + LINE_END_BYTES > bytes.length) {
      this.#bulk = { bytes: Buffer.allocUnsafe(length + LINE_END_BYTES), filled: 0 };
      return at;
    }
    const own = Buffer.allocUnsafe(length);
    bytes.copy(own, 0, at, end);
    this.#take(own);
    return end + LINE_END_BYTES;
  }

  #fill(bulk: OpenBulk, bytes: Buffer, at: number): number {
    const copied = bytes.copy(bulk.bytes, bulk.filled, at);
    bulk.filled += copied;
    if (bulk.filled === bulk.bytes.length) {
      this.#bulk = null;
      this.#take(bulk.bytes.subarray(0, -LINE_END_BYTES));
    }
    return at + copied;
  }

  #openArray(length: number): void {
    if (length < 0) this.#take(null);
    else if (length === 0) this.#take([]);
    else this.#open.push({ items: [], missing: length });
  }

  /** Puts a value where it belongs; where nothing is missing any more, the reply is complete. */
  #take(value: RedisReply): void {
    let whole = value;
    for (let array = this.#open.at(-1); array !== undefined; array = this.#open.at(-1)) {
      array.items.push(whole);
      array.missing -= 1;
      if (array.missing > 0) return;
      whole = array.items;
      this.#open.pop();
    }
    const refused = this.#refused;
    this.#refused = null;
    this.#onReply(refused ?? whole);
  }
}
