import { describe, expect, it } from 'vitest';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import { type ClientRequest, RequestReader } from './pglite-requests.ts';

const message = (type: string, body: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
};
const opening = (code: number, body: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, body]);
};
const STARTUP = opening(196_608, Buffer.from('user\0postgres\0\0'));

function readAll(chunks: readonly Buffer[]): ClientRequest[] {
  const reader = new RequestReader();
  return chunks.flatMap((chunk) => [...reader.read(chunk)]);
}

describe('RequestReader', () => {
  it('hands on what belongs to one statement together', () => {
    const statement = Buffer.concat(
      ['P', 'B', 'D', 'E', 'S'].map((type) => message(type, Buffer.from(type))),
    );
    const query = message('Q', Buffer.from('BEGIN\0'));
    expect(readAll([STARTUP, Buffer.concat([statement, query])])).toEqual([
      { kind: 'run', messages: STARTUP },
      { kind: 'run', messages: statement },
      { kind: 'run', messages: query },
    ]);
  });

  it('reads the same however the bytes are cut', () => {
    const random = seededRandom(seedFor('cuts of a connection'));
    const large = message('B', Buffer.alloc(200_000, 7));
    const parts = [opening(80_877_103), STARTUP, message('P'), large, message('S'), message('X')];
    const whole = Buffer.concat(parts);
    for (let round = 0; round < 50; round++) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < whole.length; ) {
        const size = 1 + random.int(random.chance(0.5) ? 20 : 60_000);
        chunks.push(whole.subarray(at, at + size));
        at += size;
      }
      expect(readAll(chunks)).toEqual([
        { kind: 'encryption' },
        { kind: 'run', messages: STARTUP },
        { kind: 'run', messages: Buffer.concat([message('P'), large, message('S')]) },
        { kind: 'goodbye' },
      ]);
    }
  });

  it('knows a request to cancel', () => {
    expect(readAll([opening(80_877_102, Buffer.alloc(8))])).toEqual([{ kind: 'cancel' }]);
  });

  it('refuses what is not the protocol', () => {
    expect(() => readAll([Buffer.from('GET / HTTP/1.1\r\n')])).toThrow("this is not PostgreSQL's protocol");
    expect(() => readAll([STARTUP, Buffer.from([0x51, 0, 0, 0, 1])])).toThrow(RangeError);
  });
});
