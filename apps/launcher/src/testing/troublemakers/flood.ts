import { setTimeout as pause, setImmediate as soon } from 'node:timers/promises';
import { encodeNodeQuery, encodePresence, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { encodePresenceUpdate } from '@kryton/engine/protocol/presence-codec.ts';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { Figures } from './figures.ts';
import type { Flood, Trouble } from './start-troublemaker.ts';
import type { OpenSocket } from './trouble-socket.ts';

/** What waits in the flooder itself: enough that the socket never runs dry. */
const AHEAD_BYTES = 256 * 1024;
const AT_ONCE = 200;
/** As a stock client comes back, without its growing patience. */
const COME_BACK_MS = 100;

/** One client that sends as fast as the socket takes it. */
export async function flood(
  trouble: Extract<Trouble, { kind: 'flood' }>,
  openSocket: OpenSocket,
  figures: Figures,
): Promise<void> {
  const next = messages(trouble.what);
  for (;;) {
    const socket = await openSocket(trouble.base, trouble.docId).catch(() => null);
    socket?.on('close', (code) => {
      figures[`closed${code}`] = (figures[`closed${code}`] ?? 0) + 1;
    });
    figures['begun'] = 1;
    while (socket?.readyState === WebSocket.OPEN) {
      for (let sent = 0; sent < AT_ONCE && socket.bufferedAmount < AHEAD_BYTES; sent++) {
        socket.send(next());
        figures['sent'] = (figures['sent'] ?? 0) + 1;
      }
      await soon();
    }
    await pause(COME_BACK_MS);
  }
}

function messages(what: Flood): () => Uint8Array {
  switch (what) {
    case 'updates':
      return edits();
    case 'presence':
      return moves();
    case 'frames':
      return () => encodeNodeQuery();
  }
}

/** A value that is set again and again: each edit is an update of its own, and the document stays small. */
function edits(): () => Uint8Array {
  const doc = new Y.Doc();
  const flag = doc.getMap('flood');
  let newest: Uint8Array = new Uint8Array();
  doc.on('update', (update: Uint8Array) => {
    newest = update;
  });
  let count = 0;
  return () => {
    flag.set('count', count++);
    return encodeUpdate(newest);
  };
}

function moves(): () => Uint8Array {
  const clientId = 4_242;
  let clock = 0;
  return () => {
    const state = JSON.stringify({ cursor: ++clock });
    return encodePresence(encodePresenceUpdate([{ clientId, clock, state }]));
  };
}
