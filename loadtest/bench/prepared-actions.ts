import { encodePresence, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { encodePresenceUpdate } from '@kryton/engine/protocol/presence-codec.ts';
import * as Y from 'yjs';

/** `count` frames, each the update of one character typed after the last one by `clientId`, clocks from 0. */
export function prepareEdits(clientId: number, count: number): Uint8Array[] {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const frames: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => frames.push(encodeUpdate(update)));
  const text = doc.getText('content');
  for (let at = 0; at < count; at++) text.insert(at, 'x');
  doc.destroy();
  return frames;
}

/** The frame of a cursor at `clock`, a state of about 90 bytes. */
export function encodeMove(clientId: number, clock: number): Uint8Array {
  const state = JSON.stringify({
    user: { name: `User ${clientId}`, color: '#30bced' },
    cursor: { anchor: clock, head: clock + 1 },
  });
  return encodePresence(encodePresenceUpdate([{ clientId, clock, state }]));
}
