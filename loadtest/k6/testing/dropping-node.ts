import { connect, createServer } from 'node:net';

/** A frame's first byte, as RFC 6455 5.2 has it: the last fragment of a binary message. */
const BINARY = 0x82;
/** The head of a Yjs update on the wire: sync, and the step that is an update. */
const UPDATE = [0, 2] as const;
/** Lengths that say where the length is. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** A node that forgets to pass on some updates, as a broken server would: its door, and how many it has dropped. */
export type DroppingNode = { readonly port: number; readonly dropped: number; close(): void };

/** Listens before the node at `target` (127.0.0.1), and drops every `every`-th update on its way to a client. */
export async function startDroppingNode(target: number, every: number): Promise<DroppingNode> {
  let [seen, dropped] = [0, 0];
  const isKept = (frame: Buffer) => {
    if (!isUpdate(frame)) return true;
    seen += 1;
    if (seen % every !== 0) return true;
    dropped += 1;
    return false;
  };
  const server = createServer((client) => {
    const node = connect(target, '127.0.0.1');
    client.pipe(node);
    const frames = new FrameReader();
    node.on('data', (bytes) => {
      for (const part of frames.take(bytes)) if (isKept(part)) client.write(part);
    });
    node.on('close', () => client.destroy());
    client.on('close', () => node.destroy());
    for (const socket of [client, node]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the dropping node has no port');
  return {
    port: address.port,
    get dropped() {
      return dropped;
    },
    close: () => server.close(),
  };
}

/** What a node sends, cut into its frames after the head of a 101; anything else passes as it comes. */
class FrameReader {
  #rest: Buffer = Buffer.alloc(0);
  #state: 'head' | 'frames' | 'other' = 'head';

  take(bytes: Buffer): Buffer[] {
    if (this.#state === 'other') return [bytes];
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const parts: Buffer[] = [];
    if (this.#state === 'head') {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return [];
      this.#state = this.#rest.toString('latin1').startsWith('HTTP/1.1 101') ? 'frames' : 'other';
      parts.push(this.#cut(this.#state === 'frames' ? end + 4 : this.#rest.length));
    }
    for (
      let length = frameLength(this.#rest);
      length <= this.#rest.length;
      length = frameLength(this.#rest)
    ) {
      parts.push(this.#cut(length));
    }
    return parts;
  }

  #cut(length: number): Buffer {
    const part = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return part;
  }
}

/** Of the frame that begins here, in bytes; infinite while too little of it is there. Servers do not mask. */
function frameLength(bytes: Buffer): number {
  const short = (bytes[1] ?? 0) & 0x7f;
  const headLength = headLengthOf(short);
  if (bytes.length < headLength) return Number.POSITIVE_INFINITY;
  if (short === LENGTH_16) return headLength + bytes.readUInt16BE(2);
  if (short === LENGTH_64) return headLength + Number(bytes.readBigUInt64BE(2));
  return headLength + short;
}

function headLengthOf(short: number): number {
  if (short === LENGTH_16) return 4;
  return short === LENGTH_64 ? 10 : 2;
}

function isUpdate(frame: Buffer): boolean {
  if (frame[0] !== BINARY) return false;
  const at = headLengthOf((frame[1] ?? 0) & 0x7f);
  return frame[at] === UPDATE[0] && frame[at + 1] === UPDATE[1];
}
