/** One node of the y-websocket loop on y-redis: `PORT`, `REDIS_PORT`. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { RedisPersistence } from 'y-redis';
import { HOST, portIn } from './node-ports.ts';
import { SharedDocument } from './shared-document.ts';

/** A socket that has not answered the last ping is gone. */
const PING_EVERY_MS = 30_000;

const persistence = new RedisPersistence({ redisOpts: { host: HOST, port: portIn('REDIS_PORT') } });
const documents = new Map<string, SharedDocument>();

const server = createServer((_request, response) => response.end('y-redis'));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const answering = new WeakSet<object>();
sockets.on('connection', (socket, request) => {
  const name = request.url ?? '/';
  const document = documents.get(name) ?? new SharedDocument(name, persistence);
  documents.set(name, document);
  answering.add(socket);
  socket.on('pong', () => answering.add(socket));
  socket.on('message', (message: Buffer) => document.receive(socket, message));
  socket.on('error', console.error);
  socket.on('close', () => {
    document.leave(socket);
    if (document.isEmpty) {
      documents.delete(name);
      document.destroy();
    }
  });
  document.enter(socket);
});
setInterval(() => {
  for (const socket of sockets.clients) {
    if (!answering.delete(socket)) socket.terminate();
    else socket.ping();
  }
}, PING_EVERY_MS);
server.listen(portIn('PORT'), HOST);
