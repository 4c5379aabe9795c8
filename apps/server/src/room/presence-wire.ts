import type { PresenceEntry } from '@kryton/engine/protocol/presence-codec.ts';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** An entry with the principal that speaks for it, as nodes tell each other. */
export type OwnedPresence = PresenceEntry & { readonly principal: string };

/** What nodes say to each other on a document's presence channel. */
export type PresenceMessage =
  | { readonly kind: 'states'; readonly node: string; readonly entries: OwnedPresence[] }
  /** A node opened the document: everybody tells it whom they have (PRES4). */
  | { readonly kind: 'who'; readonly node: string };

const STATES = 0;
const WHO = 1;

/** `[kind][node][count]` and for each entry `[client id][clock][state][principal]`, in lib0's variable lengths. */
export function encodePresenceMessage(message: PresenceMessage): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, message.kind === 'states' ? STATES : WHO);
  encoding.writeVarString(encoder, message.node);
  if (message.kind === 'states') {
    encoding.writeVarUint(encoder, message.entries.length);
    for (const { clientId, clock, state, principal } of message.entries) {
      encoding.writeVarUint(encoder, clientId);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, state);
      encoding.writeVarString(encoder, principal);
    }
  }
  return encoding.toUint8Array(encoder);
}

/** Throws on bytes that {@link encodePresenceMessage} did not write; the caller drops the message. */
export function decodePresenceMessage(bytes: Uint8Array): PresenceMessage {
  const decoder = decoding.createDecoder(bytes);
  const kind = decoding.readVarUint(decoder);
  const node = decoding.readVarString(decoder);
  if (kind === WHO) return { kind: 'who', node };
  if (kind !== STATES) throw new RangeError(`unknown presence message ${kind}`);
  const entries: OwnedPresence[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    entries.push({
      clientId: decoding.readVarUint(decoder),
      clock: decoding.readVarUint(decoder),
      state: decoding.readVarString(decoder),
      principal: decoding.readVarString(decoder),
    });
  }
  return { kind: 'states', node, entries };
}
