import { randomBytes } from 'node:crypto';
import { setInterval as every } from 'node:timers/promises';
import { encodeSyncStep1, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { encodeStateVector } from '@kryton/engine/protocol/state-vector.ts';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { Figures } from './figures.ts';
import type { Trouble } from './start-troublemaker.ts';
import type { OpenSocket } from './trouble-socket.ts';

const FEED_BYTES = 16 * 1024;
const FEED_EVERY_MS = 25;
/** How many edits pass before the fed text begins anew, so that the document itself stays small. */
const FEED_KEEPS = 20;

/** Sockets that are open and do not read, and somebody who gives them something not to read. */
export async function slowReaders(
  trouble: Extract<Trouble, { kind: 'slow-readers' }>,
  openSocket: OpenSocket,
  figures: Figures,
): Promise<void> {
  const readers: WebSocket[] = [];
  for (let index = 0; index < trouble.count; index++) {
    const base = trouble.bases[index % trouble.bases.length] ?? '';
    // Every node gets readers of every document.
    const docId = trouble.docIds[Math.floor(index / trouble.bases.length) % trouble.docIds.length] ?? '';
    const reader = await openSocket(base, docId);
    reader.pause();
    readers.push(reader);
  }
  const feeder = await openSocket(trouble.bases[0] ?? '', trouble.fedDocId);
  const doc = new Y.Doc();
  doc.on('update', (update: Uint8Array) => feeder.send(encodeUpdate(update)));
  const text = doc.getText('feed');
  figures['begun'] = 1;
  for await (const _ of every(FEED_EVERY_MS)) {
    const feeds = (figures['feeds'] ?? 0) + 1;
    figures['feeds'] = feeds;
    if (feeds % FEED_KEEPS === 0) text.delete(0, text.length);
    text.insert(0, randomBytes(FEED_BYTES / 2).toString('hex'));
    // From a client that nobody knows, so that no two of them can share an answer.
    readers[feeds % readers.length]?.send(strangeQuestion());
    figures['open'] = readers.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
  }
}

function strangeQuestion(): Uint8Array {
  return encodeSyncStep1(encodeStateVector(new Map([[randomBytes(4).readUInt32LE(), 1]])));
}
