import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { BARRIER, encodeBarrier, encodeSyncStep1, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { Figures } from './figures.ts';
import type { Trouble } from './start-troublemaker.ts';
import type { OpenSocket } from './trouble-socket.ts';

const PIECE_BYTES = 256 * 1024;
const NEWCOMER_EVERY_MS = 500;
/** A text is written by paragraphs: one struct each. */
const PARAGRAPH_BYTES = 2 * 1024;

/** Writes a large document, then goes on editing it while newcomers open it, each on the next node. */
export async function largeDocument(
  trouble: Extract<Trouble, { kind: 'large-document' }>,
  openSocket: OpenSocket,
  figures: Figures,
): Promise<void> {
  const { bases, docId, bytes } = trouble;
  const doc = new Y.Doc();
  const author = await openSocket(bases[0] ?? '', docId);
  author.on('close', (code) => {
    figures[`closed${code}`] = (figures[`closed${code}`] ?? 0) + 1;
  });
  author.on('message', (data: Buffer) => {
    if (data[0] === BARRIER) figures['durable'] = (figures['durable'] ?? 0) + 1;
  });
  figures['begun'] = 1;
  const pieceBytes = trouble.pieces === 'one' ? bytes : PIECE_BYTES;
  for (let at = 0; at < bytes; at += pieceBytes) {
    const before = Y.encodeStateVector(doc);
    write(doc, Math.min(pieceBytes, bytes - at));
    author.send(encodeUpdate(Y.encodeStateAsUpdate(doc, before)));
    await barrier(author);
    figures['written'] = (figures['written'] ?? 0) + 1;
  }
  doc.on('update', (update: Uint8Array) => author.send(encodeUpdate(update)));
  for (let index = 0; ; index++) {
    doc.getText('large').insert(0, 'x');
    await visit(await openSocket(bases[index % bases.length] ?? '', docId), bytes);
    figures['opened'] = (figures['opened'] ?? 0) + 1;
    await pause(NEWCOMER_EVERY_MS);
  }
}

function write(doc: Y.Doc, bytes: number): void {
  const text = doc.getText('large');
  for (let at = 0; at < bytes; at += PARAGRAPH_BYTES) {
    // Half of the places in front, half behind, so that neighbours do not become one struct.
    const where = (at / PARAGRAPH_BYTES) % 2 === 0 ? 0 : text.length;
    text.insert(where, randomBytes(PARAGRAPH_BYTES / 2).toString('hex'));
  }
}

async function barrier(socket: WebSocket): Promise<void> {
  const echoed = new Promise<void>((resolve) => {
    const listen = (data: Buffer) => {
      if (data[0] !== BARRIER) return;
      socket.off('message', listen);
      resolve();
    };
    socket.on('message', listen);
  });
  socket.send(encodeBarrier(Uint8Array.of(1)));
  await Promise.race([echoed, once(socket, 'close')]);
}

/** A newcomer: asks for everything and leaves when it has come. */
async function visit(socket: WebSocket, bytes: number): Promise<void> {
  let received = 0;
  const whole = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer) => {
      received += data.length;
      if (received >= bytes) resolve();
    });
  });
  socket.send(encodeSyncStep1(Uint8Array.of(0)));
  await Promise.race([whole, once(socket, 'close')]);
  if (socket.readyState === WebSocket.OPEN) socket.close();
}
