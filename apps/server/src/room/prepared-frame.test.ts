import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { PIECE_BYTES, prepareFrame } from './prepared-frame.ts';

const FRAGMENT_BYTES = 256 * 1024;

/** What a client receives as one message when these bytes are written to its socket. */
async function received(parts: readonly Buffer[]): Promise<{ message: Buffer; pings: number }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (_, request) => {
    for (const part of parts) request.socket.write(part);
  });
  await once(server, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  let pings = 0;
  client.on('ping', () => pings++);
  try {
    const [message] = await once(client, 'message', { signal: AbortSignal.timeout(5_000) });
    return { message, pings };
  } finally {
    client.terminate();
    server.close();
  }
}

describe('a prepared frame', () => {
  it.each([0, 125, 126, 65_535, 65_536, FRAGMENT_BYTES, FRAGMENT_BYTES + 1, 3 * FRAGMENT_BYTES, 5_000_000])(
    'ROOM2 WIRE4 of %d bytes is one message',
    async (length) => {
      const message = randomBytes(length);
      const frame = prepareFrame(message);
      expect((await received([frame])).message.equals(message)).toBe(true);
    },
  );

  it('ROOM5 has its pieces where fragments end, so that a control frame fits between them', async () => {
    const frame = prepareFrame(randomBytes(4 * FRAGMENT_BYTES + 7));
    const ping = Buffer.of(0x89, 0);
    const parts: Buffer[] = [];
    for (let at = 0; at < frame.length; at += PIECE_BYTES)
      parts.push(frame.subarray(at, at + PIECE_BYTES), ping);
    expect(parts).toHaveLength(10);
    const { message, pings } = await received(parts.slice(0, -1));
    expect(message.length).toBe(4 * FRAGMENT_BYTES + 7);
    expect(pings).toBe(4);
  });
});
