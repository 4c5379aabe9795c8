/** What a client of the embedded database asks for, cut out of the bytes of its connection. */
export type ClientRequest =
  /** May we encrypt? Answered with one byte; the connection goes on. */
  | { readonly kind: 'encryption' }
  /** Interrupt another connection's statement: nothing here can. The connection ends. */
  | { readonly kind: 'cancel' }
  | { readonly kind: 'goodbye' }
  /** Messages that belong together and end with one that the server answers. */
  | { readonly kind: 'run'; readonly messages: Buffer };

const STARTUP_HEADER_BYTES = 8;
const HEADER_BYTES = 5;
/** PostgreSQL's own limit of a message. */
const MAX_MESSAGE_BYTES = 2 ** 30;

/** Codes that stand where a start-up message has its version. */
const CANCEL = 80_877_102;
const ENCRYPTION = new Set([80_877_103, 80_877_104]);

const TERMINATE = 'X'.charCodeAt(0);
/** Sync, Query, FunctionCall, Flush, CopyDone, CopyFail: after these the client waits for an answer. */
const ANSWERED = new Set([...'SQFHcf'].map((letter) => letter.charCodeAt(0)));

/**
 * Reads one connection of PostgreSQL's protocol (version 3: "Message Formats" in its manual).
 *
 * Parse, Bind, Describe, Execute and Sync of one statement are handed on together. The embedded database has one
 * session for all connections, and would otherwise bind one connection's values to the statement that another has
 * parsed in between.
 */
export class RequestReader {
  #chunks: Buffer[] = [];
  #length = 0;
  /** Nothing can be read before there are so many bytes; large messages are put together once, not per chunk. */
  #wanted = STARTUP_HEADER_BYTES;
  #isStarted = false;
  #together: Buffer[] = [];

  /** The requests that are complete with `chunk`. Throws a RangeError on what is no message. */
  *read(chunk: Buffer): Generator<ClientRequest> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#wanted) {
      const [only] = this.#chunks;
      const bytes = only && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks);
      const size = this.#isStarted ? 1 + bytes.readInt32BE(1) : bytes.readInt32BE(0);
      if (size < this.#headerBytes() || size > MAX_MESSAGE_BYTES) {
        throw new RangeError(`a message of ${size} bytes: this is not PostgreSQL's protocol`);
      }
      const isWhole = bytes.length >= size;
      const rest = isWhole ? bytes.subarray(size) : bytes;
      this.#chunks = [rest];
      this.#length = rest.length;
      const request = isWhole ? this.#take(bytes.subarray(0, size)) : null;
      this.#wanted = isWhole ? this.#headerBytes() : size;
      if (request !== null) yield request;
    }
  }

  #headerBytes(): number {
    return this.#isStarted ? HEADER_BYTES : STARTUP_HEADER_BYTES;
  }

  #take(message: Buffer): ClientRequest | null {
    if (!this.#isStarted) return this.#start(message);
    const type = message[0] ?? 0;
    if (type === TERMINATE) return { kind: 'goodbye' };
    this.#together.push(message);
    if (!ANSWERED.has(type)) return null;
    const messages = Buffer.concat(this.#together);
    this.#together = [];
    return { kind: 'run', messages };
  }

  #start(message: Buffer): ClientRequest {
    const code = message.readInt32BE(4);
    if (ENCRYPTION.has(code)) return { kind: 'encryption' };
    if (code === CANCEL) return { kind: 'cancel' };
    this.#isStarted = true;
    return { kind: 'run', messages: message };
  }
}
