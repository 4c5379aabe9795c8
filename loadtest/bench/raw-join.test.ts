import { once } from 'node:events';
import { encodePresence, encodeSyncStep1, encodeSyncStep2 } from '@kryton/engine/protocol/frames.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { rawJoin } from './raw-join.ts';

describe('a raw join', () => {
  let server: WebSocketServer;
  let url: string;

  beforeEach(async () => {
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    const address = server.address();
    url = `ws://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/ws/yjs/doc`;
  });
  afterEach(() => new Promise<void>((done) => server.close(() => done())));

  it.each([2, 120, 126, 60_000, 70_000, 3_000_000])(
    'finds an answer of %i bytes behind other frames',
    async (size) => {
      server.on('connection', (socket) => {
        socket.send(encodeSyncStep1(Uint8Array.of(0)));
        socket.send(encodePresence(new Uint8Array(300)));
        socket.on('message', (question) => {
          expect(question).toEqual(Buffer.from([0, 0, 1, 0]));
          socket.send(encodeSyncStep2(new Uint8Array(size)));
        });
      });
      expect(await rawJoin({ url, headers: {} })).toBe(encodeSyncStep2(new Uint8Array(size)).length);
    },
  );

  it('finds an answer that comes in fragments, with a ping between them', async () => {
    const answer = encodeSyncStep2(Uint8Array.from({ length: 200_000 }, () => 1));
    server.on('connection', (socket) => {
      socket.ping();
      socket.on('message', () => {
        socket.send(answer.subarray(0, 70_000), { fin: false });
        socket.ping('still there?');
        socket.send(answer.subarray(70_000, 70_100), { fin: false });
        socket.send(answer.subarray(70_100), { fin: true });
      });
    });
    expect(await rawJoin({ url, headers: {} })).toBe(answer.length);
  });

  it('speaks a dialect: greets first, and finds the answer behind an address', async () => {
    const dialect = { address: Buffer.from('address'), greeting: Buffer.from('hello') };
    const addressed = (frame: Uint8Array) => Buffer.concat([dialect.address, frame]);
    const heard: Buffer[] = [];
    server.on('connection', (socket) => {
      socket.on('message', (message: Buffer) => {
        heard.push(message);
        if (heard.length < 2) return;
        socket.send(addressed(encodeSyncStep1(Uint8Array.of(0))));
        socket.send(addressed(encodeSyncStep2(new Uint8Array(70_000))));
      });
    });
    const length = addressed(encodeSyncStep2(new Uint8Array(70_000))).length;
    expect(await rawJoin({ url, headers: {}, dialect })).toBe(length);
    expect(heard).toEqual([addressed(dialect.greeting), addressed(Buffer.from([0, 0, 1, 0]))]);
  });

  it('rejects when the server closes first', async () => {
    server.on('connection', (socket) => socket.terminate());
    await expect(rawJoin({ url, headers: {} })).rejects.toThrow('closed before SyncStep2 came');
  });
});
