import type { PluginMessage } from './plugin.ts';

/** What one message between nodes may have, encoded: Redis cuts a subscriber off that is 8 MB behind for a minute. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

/** The first byte says what follows. */
const JSON_TEXT = 0;
const BYTES = 1;

/** Throws a TypeError for what JSON cannot say, and a RangeError for a message that is too large. */
export function encodeMessage(message: PluginMessage): Uint8Array {
  const [kind, payload] =
    message instanceof Uint8Array ? ([BYTES, message] as const) : ([JSON_TEXT, jsonBytes(message)] as const);
  if (payload.length >= MAX_MESSAGE_BYTES) {
    throw new RangeError(`a message of ${payload.length} bytes; at most ${MAX_MESSAGE_BYTES - 1} fit`);
  }
  const encoded = new Uint8Array(1 + payload.length);
  encoded[0] = kind;
  encoded.set(payload, 1);
  return encoded;
}

/** Throws an Error for bytes that {@link encodeMessage} has not made. */
export function decodeMessage(encoded: Uint8Array): PluginMessage {
  const payload = encoded.subarray(1);
  if (encoded[0] === BYTES) return Uint8Array.from(payload);
  if (encoded[0] === JSON_TEXT) return JSON.parse(new TextDecoder().decode(payload));
  throw new Error('the message of another version of this server');
}

/** The JSON text of a value; throws a TypeError for what JSON cannot say. */
export function jsonText(value: unknown): string {
  // A function or undefined has none, which the types of JSON.stringify do not say.
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError('a value that JSON cannot say');
  return text;
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(jsonText(value));
}
