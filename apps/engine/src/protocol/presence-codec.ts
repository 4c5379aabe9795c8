import * as encoding from 'lib0/encoding';
import { ByteReader, UnreadableBytes } from './byte-reader.ts';
import { parseShallowJson } from './json-check.ts';

/** What one client says of itself, as y-protocols encodes it (`awareness.js`, `encodeAwarenessUpdate`). */
export type PresenceEntry = {
  readonly clientId: number;
  readonly clock: number;
  /** JSON text of an object, or "null" for a client that is gone. */
  readonly state: string;
};

export type PresenceLimits = {
  /** Clients in one message. A stock client that comes back sends everybody it knows of. */
  readonly entries: number;
  /** Of one state, UTF-8. */
  readonly stateBytes: number;
};

export const DEFAULT_PRESENCE_LIMITS: PresenceLimits = { entries: 10_000, stateBytes: 16 * 1024 };

/** Clients compare states by recursion (`equalityDeep`), so a deep one overflows the stacks of all others. */
const MAX_STATE_DEPTH = 32;
/** A clock counts renewals and moves; one near 2^53 could not be counted up to say that its client is gone. */
const MAX_PRESENCE_CLOCK = 2 ** 32;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The message is no awareness update or exceeds a limit; `message` says how. */
export class PresenceRefused extends Error {
  override readonly name = 'PresenceRefused';
}

/**
 * Reads an awareness update without an `Awareness`. Throws {@link PresenceRefused}. Entries that `isWanted` turns down
 * are passed over unread: stock clients send back everything they hear, and reading that would cost more than all
 * the rest of presence.
 */
export function decodePresence(
  bytes: Uint8Array,
  isWanted: (clientId: number, clock: number) => boolean = () => true,
  limits: PresenceLimits = DEFAULT_PRESENCE_LIMITS,
): PresenceEntry[] {
  const reader = new ByteReader(bytes);
  try {
    const count = reader.varUint();
    if (count > limits.entries) throw new PresenceRefused(`${count} clients, ${limits.entries} are allowed`);
    const entries: PresenceEntry[] = [];
    for (let i = 0; i < count; i++) {
      const clientId = reader.varUint();
      const clock = reader.varUint();
      if (isWanted(clientId, clock)) entries.push(readEntry(clientId, clock, reader, limits));
      else reader.varBytes();
    }
    if (reader.left > 0) throw new PresenceRefused(`${reader.left} bytes follow the presence`);
    return entries;
  } catch (error) {
    if (error instanceof UnreadableBytes) {
      throw new PresenceRefused(`the presence cannot be read: ${error.message}`);
    }
    throw error;
  }
}

/** Writes what `Awareness` reads. */
export function encodePresenceUpdate(entries: readonly PresenceEntry[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, entries.length);
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(encoder, clientId);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, state);
  }
  return encoding.toUint8Array(encoder);
}

/**
 * PRES2: the state with `user.id` and `user.name` as the server knows them, whatever the client claims; everything
 * else (a colour, a cursor) stays, and so does the name where the server knows none. "null" stays as it is.
 * `stateJson` comes from {@link decodePresence}.
 */
export function stampUser(
  stateJson: string,
  { id, name }: { readonly id: string; readonly name?: string },
): string {
  if (stateJson === 'null') return stateJson;
  const state: unknown = JSON.parse(stateJson);
  if (!isPlainObject(state)) return stateJson;
  const claimed = state['user'];
  const kept = isPlainObject(claimed) ? claimed : {};
  return JSON.stringify({ ...state, user: { ...kept, id, ...(name !== undefined && { name }) } });
}

function readEntry(
  clientId: number,
  clock: number,
  reader: ByteReader,
  limits: PresenceLimits,
): PresenceEntry {
  if (clock > MAX_PRESENCE_CLOCK) throw new PresenceRefused(`clock ${clock} is larger than 2^32`);
  return { clientId, clock, state: readState(reader, limits.stateBytes) };
}

function readState(reader: ByteReader, limitBytes: number): string {
  const bytes = reader.varBytes();
  if (bytes.length > limitBytes) {
    throw new PresenceRefused(`a state of ${bytes.length} bytes, ${limitBytes} are allowed`);
  }
  const text = decodeText(bytes);
  const state = parseShallowJson(text, MAX_STATE_DEPTH);
  if (state !== null && !isPlainObject(state)) {
    throw new PresenceRefused(
      `a state is neither null nor a JSON object of at most ${MAX_STATE_DEPTH} levels`,
    );
  }
  // Everybody compares with "null", so blanks around it must not survive.
  return state === null ? 'null' : text;
}

function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new PresenceRefused('a state is not valid UTF-8');
  }
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
