/**
 * One node of the raw relay: `PORT`, `REDIS_PORT`. What a client sends is published once, and every node, the sender's
 * too, sends what it hears to its sockets of that document. It knows no CRDT, checks and keeps nothing; whoever asks
 * for the document gets an empty one. The floor for a server that sends one frame per update.
 */
import { createServer } from 'node:http';
import { encodeSyncStep2 } from '@kryton/engine/protocol/frames.ts';
import { Redis } from 'ioredis';
import { type WebSocket, WebSocketServer } from 'ws';
import { HOST, portIn } from './node-ports.ts';

const redis = { host: HOST, port: portIn('REDIS_PORT') };
const publisher = new Redis(redis);
const subscriber = new Redis(redis);
for (const client of [publisher, subscriber]) client.on('error', console.error);

/** The first two bytes of SyncStep1 (y-protocols): sync, step 1. */
const [SYNC, STEP_1] = [0, 0];
/** The empty Yjs update: no structs, no deletions. */
const NOTHING = encodeSyncStep2(Uint8Array.of(0, 0));

const rooms = new Map<string, Set<WebSocket>>();

// One subscription for all documents: a channel of its own for each would be one more round trip when it is opened.
await subscriber.psubscribe('*');
subscriber.on('pmessageBuffer', (_pattern: string, channel: Buffer, frame: Buffer) => {
  for (const socket of rooms.get(channel.toString()) ?? []) socket.send(frame);
});

const server = createServer((_request, response) => response.end('relay'));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
sockets.on('connection', (socket, request) => {
  const name = request.url ?? '/';
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room.add(socket));
  socket.on('message', (frame: Buffer) => {
    if (frame[0] === SYNC && frame[1] === STEP_1) socket.send(NOTHING);
    else publisher.publish(name, frame).catch(console.error);
  });
  socket.on('error', console.error);
  socket.on('close', () => {
    room.delete(socket);
    if (room.size === 0) rooms.delete(name);
  });
});
server.listen(portIn('PORT'), HOST);
