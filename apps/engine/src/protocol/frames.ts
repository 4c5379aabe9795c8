import { ByteReader, UnreadableBytes } from './byte-reader.ts';

/**
 * The y-websocket wire protocol: what one WebSocket message says. Numbers 0 to 3 are those of y-websocket and
 * y-protocols (`y-websocket.js`, `sync.js`, `auth.js`); 102 and 103 are ours, and a stock client never meets them
 * because only a client that asks is answered.
 */
const SYNC = 0;
const SYNC_STEP_1 = 0;
const SYNC_STEP_2 = 1;
const SYNC_UPDATE = 2;
const PRESENCE = 1;
const AUTH = 2;
const PERMISSION_DENIED = 0;
const QUERY_PRESENCE = 3;
/** WIRE5: `[102][bytes]`, echoed with the same bytes once everything sent before it is durable. */
export const BARRIER = 102;
/** `[103]` asks which node this is, `[103][string]` answers. */
export const NODE = 103;

/** An encoded state vector may be this long: about 60,000 clients with 32-bit ids; a document that lives for years has many. */
export const MAX_STATE_VECTOR_BYTES = 512 * 1024;
/** A barrier's payload is a counter or a random id; it is held until the echo. */
export const MAX_BARRIER_PAYLOAD_BYTES = 64;

/** One message of a client. Byte arrays are views on the received message, not copies, and are not checked inside. */
export type Frame =
  | { readonly kind: 'sync-step-1'; readonly stateVector: Uint8Array }
  | { readonly kind: 'sync-step-2'; readonly update: Uint8Array }
  | { readonly kind: 'update'; readonly update: Uint8Array }
  | { readonly kind: 'presence'; readonly update: Uint8Array }
  | { readonly kind: 'query-presence' }
  | { readonly kind: 'auth'; readonly reason: string }
  | { readonly kind: 'barrier'; readonly payload: Uint8Array }
  | { readonly kind: 'node-query' };

/** The message is none of ours; `message` says what is wrong with it. Close with `malformed` (4400). */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';
}

/** Reads one WebSocket message. Throws {@link MalformedFrame}. */
export function decodeFrame(bytes: Uint8Array): Frame {
  const reader = new ByteReader(bytes);
  const frame = readFrame(reader);
  if (reader.left > 0) throw new MalformedFrame(`${reader.left} bytes follow the ${frame.kind} message`);
  return frame;
}

function readFrame(reader: ByteReader): Frame {
  try {
    const type = reader.varUint();
    switch (type) {
      case SYNC:
        return readSync(reader);
      case PRESENCE:
        return { kind: 'presence', update: reader.varBytes() };
      case AUTH:
        return readAuth(reader);
      case QUERY_PRESENCE:
        return { kind: 'query-presence' };
      case BARRIER:
        return { kind: 'barrier', payload: atMost(MAX_BARRIER_PAYLOAD_BYTES, 'barrier payload', reader) };
      case NODE:
        return { kind: 'node-query' };
      default:
        throw new MalformedFrame(`message type ${type} is unknown`);
    }
  } catch (error) {
    if (error instanceof UnreadableBytes)
      throw new MalformedFrame(`the message cannot be read: ${error.message}`);
    throw error;
  }
}

function readSync(reader: ByteReader): Frame {
  const step = reader.varUint();
  switch (step) {
    case SYNC_STEP_1:
      return { kind: 'sync-step-1', stateVector: atMost(MAX_STATE_VECTOR_BYTES, 'state vector', reader) };
    case SYNC_STEP_2:
      return { kind: 'sync-step-2', update: reader.varBytes() };
    case SYNC_UPDATE:
      return { kind: 'update', update: reader.varBytes() };
    default:
      throw new MalformedFrame(`sync message type ${step} is unknown`);
  }
}

function readAuth(reader: ByteReader): Frame {
  const type = reader.varUint();
  if (type !== PERMISSION_DENIED) throw new MalformedFrame(`auth message type ${type} is unknown`);
  return { kind: 'auth', reason: new TextDecoder().decode(reader.varBytes()) };
}

function atMost(limitBytes: number, what: string, reader: ByteReader): Uint8Array {
  const bytes = reader.varBytes();
  if (bytes.length > limitBytes) {
    throw new MalformedFrame(`the ${what} has ${bytes.length} bytes, ${limitBytes} are allowed`);
  }
  return bytes;
}

/** Asks for what `stateVector` (encoded) lacks. */
export function encodeSyncStep1(stateVector: Uint8Array): Uint8Array {
  return message([SYNC, SYNC_STEP_1], stateVector);
}

/** Answers a SyncStep1 with a Yjs v1 update. */
export function encodeSyncStep2(update: Uint8Array): Uint8Array {
  return message([SYNC, SYNC_STEP_2], update);
}

/** Passes on a Yjs v1 update. */
export function encodeUpdate(update: Uint8Array): Uint8Array {
  return message([SYNC, SYNC_UPDATE], update);
}

/** Passes on an awareness update (`encodePresenceUpdate` makes one). */
export function encodePresence(awarenessUpdate: Uint8Array): Uint8Array {
  return message([PRESENCE], awarenessUpdate);
}

/** Tells the client that its write was refused (ACC1). Stock clients log `reason`. */
export function encodePermissionDenied(reason: string): Uint8Array {
  return message([AUTH, PERMISSION_DENIED], new TextEncoder().encode(reason));
}

/** A barrier, or its echo. Throws a RangeError above {@link MAX_BARRIER_PAYLOAD_BYTES}. */
export function encodeBarrier(payload: Uint8Array): Uint8Array {
  if (payload.length > MAX_BARRIER_PAYLOAD_BYTES) {
    throw new RangeError(
      `a barrier carries at most ${MAX_BARRIER_PAYLOAD_BYTES} bytes, not ${payload.length}`,
    );
  }
  return message([BARRIER], payload);
}

/** Asks which node serves this connection. */
export function encodeNodeQuery(): Uint8Array {
  return Uint8Array.of(NODE);
}

/** Answers {@link encodeNodeQuery}. */
export function encodeNodeName(name: string): Uint8Array {
  return message([NODE], new TextEncoder().encode(name));
}

/** WIRE4: an awareness update about nobody. Every Yjs client takes it for a sign of life and changes nothing. */
export const KEEP_ALIVE: Uint8Array = encodePresence(Uint8Array.of(0));

/** `head`, the length of `body` as a varuint, `body`; allocated once in its final size. Head numbers are below 128. */
function message(head: readonly number[], body: Uint8Array): Uint8Array {
  let lengthBytes = 1;
  for (let rest = body.length; rest >= 0x80; rest = Math.floor(rest / 0x80)) lengthBytes += 1;
  const bytes = new Uint8Array(head.length + lengthBytes + body.length);
  bytes.set(head);
  let at = head.length;
  let rest = body.length;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  bytes.set(body, at);
  return bytes;
}
