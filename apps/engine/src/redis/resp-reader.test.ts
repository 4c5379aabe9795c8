import { describe, expect, it } from 'vitest';
import { seededRandom } from '../testing/seeded-random.ts';
import { encodeCommand } from './redis-command.ts';
import { NoRedis, RedisRefused, type RedisReply, RespReader } from './resp-reader.ts';

const LARGE = 'x'.repeat(100_000);
const REPLIES = [
  '+OK\r\n',
  ':-42\r\n',
  '$-1\r\n',
  '*-1\r\n',
  '*0\r\n',
  '$0\r\n\r\n',
  '$5\r\na\r\nbc\r\n',
  '-READONLY You cannot write\r\n',
  '*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nu\r\n$2\r\nab\r\n:7\r\n',
  '*2\r\n:1\r\n-ERR inside\r\n',
  `$${LARGE.length}\r\n${LARGE}\r\n`,
].join('');
const READ: unknown[] = [
  'OK',
  -42,
  null,
  null,
  [],
  '',
  'a\r\nbc',
  new RedisRefused('READONLY You cannot write'),
  [['1-1', ['u', 'ab']], 7],
  new RedisRefused('ERR inside'),
  LARGE,
];

function asText(reply: RedisReply | RedisRefused): unknown {
  if (Array.isArray(reply)) return reply.map(asText);
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : reply;
}

function readerInto(read: unknown[]): RespReader {
  return new RespReader((reply) => read.push(asText(reply)));
}

describe('RespReader', () => {
  it('reads every kind of reply', () => {
    const read: unknown[] = [];
    readerInto(read).push(Buffer.from(REPLIES));
    expect(read).toEqual(READ);
  });

  it('reads the same wherever the bytes are cut', () => {
    const seed = 20261126;
    console.log(`seed ${seed}`);
    const random = seededRandom(seed);
    const bytes = Buffer.from(REPLIES);
    for (let round = 0; round < 200; round++) {
      const read: unknown[] = [];
      const reader = readerInto(read);
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + Math.floor(random.next() * (at < 300 ? 9 : 20_000));
        const chunk = Buffer.from(bytes.subarray(at, end));
        reader.push(chunk);
        // The socket reuses what it has handed over.
        chunk.fill(0);
        at = end;
      }
      expect(read).toEqual(READ);
    }
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', ':1x\r\n', '\r\n', ':12\n'])(
    'refuses %j, which is no RESP',
    (text) => {
      expect(() => readerInto([]).push(Buffer.from(text))).toThrow(NoRedis);
    },
  );

  it('does not keep a line that never ends', () => {
    const reader = readerInto([]);
    const more = Buffer.alloc(40_000, '+');
    reader.push(more);
    expect(() => reader.push(more)).toThrow(NoRedis);
  });
});

describe('encodeCommand', () => {
  it('counts bytes, not characters, and leaves bytes as they are', () => {
    const bytes = Buffer.from([0, 13, 10, 255]);
    const encoded = encodeCommand(['SET', 'ké', bytes, 12, Buffer.alloc(0)]);
    const expected = Buffer.concat([
      Buffer.from('*5\r\n$3\r\nSET\r\n$3\r\nké\r\n$4\r\n'),
      bytes,
      Buffer.from('\r\n$2\r\n12\r\n$0\r\n\r\n'),
    ]);
    expect(encoded.equals(expected)).toBe(true);
  });
});
