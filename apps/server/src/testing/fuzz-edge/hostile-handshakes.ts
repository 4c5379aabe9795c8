import { randomBytes } from 'node:crypto';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { HostileMessages } from '../fuzz/hostile-messages.ts';
import { badString } from './hostile-values.ts';
import { credentialLines, type Found } from './people.ts';

/** Handshakes from the grammar of RFC 6455, each part of it right most of the time, and frames that come too early. */
export class HostileHandshakes {
  readonly #random: SeededRandom;
  readonly #messages: HostileMessages;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#messages = new HostileMessages(random);
  }

  /** The bytes of a handshake and of what follows it at once. */
  next(found: Found): { readonly name: string; readonly bytes: Buffer } {
    const random = this.#random;
    const path = this.#path(found);
    const lines = [
      'Host: 127.0.0.1',
      `X-Forwarded-For: 203.0.${random.int(256)}.${random.int(256)}`,
      ...this.#mostly('Connection: Upgrade', [
        'Connection: keep-alive',
        'Connection: upgrade, close',
        'Connection: ',
      ]),
      ...this.#mostly('Upgrade: websocket', ['Upgrade: h2c', 'Upgrade: WebSocket, h2c', 'Upgrade: ', 'X: y']),
      ...this.#mostly('Sec-WebSocket-Version: 13', [
        'Sec-WebSocket-Version: 8',
        'Sec-WebSocket-Version: 13, 8',
        'X: y',
      ]),
      ...this.#mostly(`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, [
        'Sec-WebSocket-Key: short',
        `Sec-WebSocket-Key: ${'k'.repeat(5_000)}`,
        'X: y',
      ]),
      ...this.#identity(found),
      ...(random.chance(0.1) ? [`Sec-WebSocket-Extensions: ${random.pick(EXTENSIONS)}`] : []),
      ...(random.chance(0.05) ? [`X-Long: ${'l'.repeat(random.pick([8_000, 17_000]))}`] : []),
    ];
    const version = random.chance(0.97) ? 'HTTP/1.1' : random.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', '']);
    const method = random.chance(0.97) ? 'GET' : random.pick(['POST', 'HEAD', 'OPTIONS', 'CONNECT']);
    const shuffled = random.chance(0.2) ? random.shuffled(lines) : lines;
    const head = [
      `${method} ${path} ${version}`,
      ...shuffled.map((line) => line.replaceAll(/[\r\n]/g, '\t')),
      '',
      '',
    ];
    const early = Array.from({ length: random.int(4) }, () => this.#frame());
    const bytes = Buffer.concat([Buffer.from(head.join('\r\n'), 'latin1'), ...early]);
    const isCut = random.chance(0.03);
    return { name: 'a handshake', bytes: isCut ? bytes.subarray(0, random.int(bytes.length)) : bytes };
  }

  #mostly(right: string, wrong: readonly string[]): string[] {
    const random = this.#random;
    if (random.chance(0.95)) return [right];
    return random.chance(0.2) ? [right, right] : [random.pick(wrong)];
  }

  #path(found: Found): string {
    const random = this.#random;
    const docId = random.chance(0.8)
      ? random.pick(found.docIds)
      : encodeURIComponent(badString(random).toWellFormed()).slice(0, 12_000);
    return random.pick([
      ...Array.from({ length: 12 }, () => `/ws/yjs/${docId}`),
      `/ws/yjs/${docId}?x=1`,
      `/ws/yjs/${docId}?token=${random.pick(found.tokens)}`,
      `/ws/yjs/${docId}/`,
      `/ws/yjs/${docId}/..`,
      `/ws/plugins/chat/${docId}`,
      '/ws/yjs/%zz',
      '/ws/yjs/',
      '/api/me',
      '/',
      '*',
    ]);
  }

  #identity(found: Found): string[] {
    const random = this.#random;
    const token = random.pick(found.tokens);
    if (random.chance(0.5)) return credentialLines(found, random);
    return random.pick<string[]>([
      [`Sec-WebSocket-Protocol: kryton-token, ${token}`],
      [`Sec-WebSocket-Protocol: kryton-token, ${token}`],
      [`Sec-WebSocket-Protocol: kryton-token,${token}`],
      [`Sec-WebSocket-Protocol: ${token}, kryton-token`],
      [`Sec-WebSocket-Protocol: ${token}`],
      ['Sec-WebSocket-Protocol: kryton-token'],
      ['Sec-WebSocket-Protocol: kryton-token, '],
      [`Sec-WebSocket-Protocol: kryton-token, ${token}, ${token}`],
      ['Sec-WebSocket-Protocol: kryton-token', `Sec-WebSocket-Protocol: ${token}`],
      [`Sec-WebSocket-Protocol: ${Array.from({ length: 500 }, (_, i) => `p${i}`).join(', ')}`],
      ['Sec-WebSocket-Protocol: a b, \x01'],
    ]);
  }

  /** A masked frame as a client sends it, or one that no client may send. */
  #frame(): Buffer {
    const random = this.#random;
    if (random.chance(0.1)) return Buffer.from(random.bytes(1 + random.int(40)));
    const payload = random.chance(0.9) ? Buffer.from(this.#messages.next()) : Buffer.from(badString(random));
    const isMasked = random.chance(0.95);
    const first = random.chance(0.85) ? 0x82 : random.int(256);
    const length = lengthBytes(payload.length, isMasked, random);
    if (!isMasked) return Buffer.concat([Buffer.of(first), length, payload]);
    const mask = Buffer.from(random.bytes(4));
    const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    return Buffer.concat([Buffer.of(first), length, mask, masked]);
  }
}

const EXTENSIONS = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits=99',
  'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
  'x; y="',
  ',,,',
];

/** RFC 6455, 5.2; now and then far more than there is. */
function lengthBytes(length: number, isMasked: boolean, random: SeededRandom): Buffer {
  const bit = isMasked ? 0x80 : 0;
  if (random.chance(0.02)) return Buffer.from([bit | 127, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  if (length < 126) return Buffer.of(bit | length);
  const bytes = Buffer.alloc(length < 65_536 ? 3 : 9);
  bytes[0] = bit | (length < 65_536 ? 126 : 127);
  if (length < 65_536) bytes.writeUInt16BE(length, 1);
  else bytes.writeBigUInt64BE(BigInt(length), 1);
  return bytes;
}
