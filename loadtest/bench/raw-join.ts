import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { encodeSyncStep1 } from '@kryton/engine/protocol/frames.ts';
import { withDeadline } from '@kryton/engine/testing/eventually.ts';
import type { Door } from './system.ts';

const ASKS_FOR_EVERYTHING = encodeSyncStep1(Uint8Array.of(0));
const READ_BYTES = 256 * 1024;
const ANSWER_WITHIN_MS = 60_000;
const HEAD_END = '\r\n\r\n';
/** From this length on a frame's head is longer. */
const LONGER = 126;
const FIN = 0x80;
const BINARY = 0x02;
const CONTINUATION = 0x00;
const PING = 0x09;
const PONG = 0x0a;

/**
 * Joins over a bare TCP socket and resolves with the length of SyncStep2 when its last byte has arrived. Megabytes are
 * counted and not kept: with a WebSocket library putting them together would keep the generator busier than the server.
 */
export async function rawJoin({ url, headers, dialect }: Door): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  const joined = Promise.withResolvers<number>();
  const address = dialect?.address ?? Uint8Array.of();
  const messages = [...(dialect ? [dialect.greeting] : []), ASKS_FOR_EVERYTHING];
  const question = Buffer.concat(messages.map((message) => frameOf(Buffer.concat([address, message]))));
  const reader = new AnswerReader(address.length);
  let head = '';
  let isUpgraded = false;
  const receive = (chunk: Buffer) => {
    if (isUpgraded) return reader.read(chunk);
    head += chunk.toString('latin1');
    const end = head.indexOf(HEAD_END);
    if (end < 0) return null;
    if (!head.startsWith('HTTP/1.1 101')) throw new Error(`refused: ${head.split('\r\n')[0]}`);
    isUpgraded = true;
    socket.write(question);
    return reader.read(Buffer.from(head.slice(end + HEAD_END.length), 'latin1'));
  };
  const onread = {
    buffer: Buffer.allocUnsafe(READ_BYTES),
    callback(bytesRead: number, buffer: Uint8Array) {
      try {
        const length = receive(Buffer.from(buffer.buffer, buffer.byteOffset, bytesRead));
        if (length !== null) joined.resolve(length);
      } catch (error) {
        joined.reject(error);
      }
      return true;
    },
  };
  const socket = connect({ host: hostname, port: Number(port), onread });
  socket.setNoDelay(true);
  socket.on('error', (error) => joined.reject(error));
  socket.on('close', () => joined.reject(new Error('closed before SyncStep2 came')));
  socket.write(
    `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('') +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  );
  try {
    return await withDeadline(() => joined.promise, ANSWER_WITHIN_MS);
  } finally {
    socket.destroy();
  }
}

/** One WebSocket frame (RFC 6455, 5.2): final, binary; masked with zeros, which leaves the payload as it is. */
function frameOf(message: Uint8Array): Buffer {
  if (message.length >= LONGER) throw new Error(`${message.length} bytes are more than a short frame has`);
  return Buffer.from([0x82, 0x80 | message.length, 0, 0, 0, 0, ...message]);
}

/**
 * Walks over the frames of a server. A frame's head, and of its payload what stands before a message and that
 * message's first two bytes, may arrive in pieces, so they are kept.
 */
class AnswerReader {
  #head = Buffer.alloc(0);
  /** Payload bytes still to come of the frame whose head has been read. */
  #left = 0;
  #answerBytes: number | null = null;
  /** A large message comes in fragments: whether the one whose head has been read is the last. */
  #isLast = false;
  readonly #addressBytes: number;

  constructor(addressBytes: number) {
    this.#addressBytes = addressBytes;
  }

  /** The length of SyncStep2 once it is complete, else null. Throws when the server sends something else than data. */
  read(chunk: Buffer): number | null {
    let rest = chunk;
    for (;;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, rest.length);
        this.#left -= taken;
        rest = rest.subarray(taken);
        if (this.#left > 0) return null;
        if (this.#answerBytes !== null && this.#isLast) return this.#answerBytes;
      }
      const bytes = Buffer.concat([this.#head, rest]);
      const frame = readHead(bytes, this.#addressBytes + 2);
      if (frame === null) {
        this.#head = bytes;
        return null;
      }
      this.#head = Buffer.alloc(0);
      rest = bytes.subarray(frame.headBytes);
      this.#left = frame.payloadBytes;
      this.#isLast = frame.isLast && !frame.isControl;
      // Sync (0), step 2 (1).
      const isAnswer = frame.isFirst && rest[this.#addressBytes] === 0 && rest[this.#addressBytes + 1] === 1;
      if (isAnswer) this.#answerBytes = frame.payloadBytes;
      else if (!frame.isFirst && !frame.isControl && this.#answerBytes !== null)
        this.#answerBytes += frame.payloadBytes;
    }
  }
}

/** Null while the head and the first `wanted` bytes of a longer payload are not all there. */
function readHead(
  bytes: Buffer,
  wanted: number,
): { headBytes: number; payloadBytes: number; isControl: boolean; isFirst: boolean; isLast: boolean } | null {
  const [first = 0] = bytes;
  if (bytes.length < 2) return null;
  const opcode = first & ~FIN;
  const isControl = opcode === PING || opcode === PONG;
  if (opcode !== BINARY && opcode !== CONTINUATION && !isControl)
    throw new Error(`an unexpected frame begins with ${first}`);
  const short = bytes[1] ?? 0;
  const headBytes = short < LONGER ? 2 : short === LONGER ? 4 : 10;
  if (bytes.length < headBytes) return null;
  const payloadBytes =
    short < LONGER ? short : short === LONGER ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < headBytes + Math.min(wanted, payloadBytes)) return null;
  return { headBytes, payloadBytes, isControl, isFirst: opcode === BINARY, isLast: (first & FIN) !== 0 };
}
