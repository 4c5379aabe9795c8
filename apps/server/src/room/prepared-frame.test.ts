import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Receiver } from 'ws';
import { PIECE_BYTES, prepareFrame } from './prepared-frame.ts';

const FRAGMENT_BYTES = 256 * 1024;

async function received(frame: Buffer, pieces: number): Promise<Buffer> {
  const receiver = new Receiver({ isServer: false });
  const message = new Promise<Buffer>((resolve, reject) => {
    receiver.on('message', resolve);
    receiver.on('error', reject);
  });
  for (let at = 0; at < frame.length; at += pieces) receiver.write(frame.subarray(at, at + pieces));
  return await message;
}

describe('a prepared frame', () => {
  it.each([0, 125, 126, 65_535, 65_536, FRAGMENT_BYTES, FRAGMENT_BYTES + 1, 3 * FRAGMENT_BYTES, 5_000_000])(
    'ROOM2 WIRE4 of %d bytes is one message',
    async (length) => {
      const message = randomBytes(length);
      const frame = prepareFrame(message);
      expect((await received(frame, PIECE_BYTES)).equals(message)).toBe(true);
    },
  );

  it('ROOM5 has its pieces where fragments end, so that a control frame fits between them', async () => {
    const frame = prepareFrame(randomBytes(4 * FRAGMENT_BYTES + 7));
    const ping = Buffer.of(0x89, 0);
    const parts: Buffer[] = [];
    for (let at = 0; at < frame.length; at += PIECE_BYTES)
      parts.push(frame.subarray(at, at + PIECE_BYTES), ping);
    expect(parts).toHaveLength(10);
    expect((await received(Buffer.concat(parts), 1 << 30)).length).toBe(4 * FRAGMENT_BYTES + 7);
  });
});
