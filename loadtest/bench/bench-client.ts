import {
  decodeFrame,
  encodePresence,
  encodeSyncStep1,
  encodeUpdate,
} from '@kryton/engine/protocol/frames.ts';
import { encodePresenceUpdate } from '@kryton/engine/protocol/presence-codec.ts';
import { type RawData, WebSocket } from 'ws';
import * as Y from 'yjs';
import { type Deliveries, editKey, moveKey } from './deliveries.ts';

const EVERYTHING = encodeSyncStep1(Uint8Array.of(0));

/** A lean client: it makes real edits and moves and counts what it receives, but keeps no copy of the document. */
export class BenchClient {
  readonly #socket: WebSocket;
  readonly #deliveries: Deliveries | null;
  readonly #doc = new Y.Doc();
  #clock = 0;
  #onFrame: ((frame: Buffer) => void) | null = null;

  private constructor(socket: WebSocket, deliveries: Deliveries | null) {
    this.#socket = socket;
    this.#deliveries = deliveries;
    socket.on('message', (data: RawData) => {
      if (!Buffer.isBuffer(data)) return;
      this.#onFrame?.(data);
      this.#deliveries?.received(data);
    });
  }

  /** Connects; rejects when the server refuses. */
  static async open(url: string, deliveries: Deliveries | null): Promise<BenchClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    const client = new BenchClient(socket, deliveries);
    await new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    socket.on('error', () => {});
    return client;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Asks for the document and resolves with the bytes of the SyncStep2 that answers. */
  async sync(): Promise<number> {
    const answered = new Promise<number>((resolve) => {
      this.#onFrame = (bytes) => {
        // Sync (0), step 2 (1): the only frame that ends the wait.
        if (bytes[0] !== 0 || bytes[1] !== 1) return;
        this.#onFrame = null;
        resolve(bytes.length);
      };
    });
    this.#socket.send(EVERYTHING);
    return await answered;
  }

  /** Sends `update` and resolves when the server has said that it is durable. */
  async store(update: Uint8Array): Promise<void> {
    const durable = new Promise<void>((resolve) => {
      this.#onFrame = (bytes) => {
        if (decodeFrame(bytes).kind !== 'barrier') return;
        this.#onFrame = null;
        resolve();
      };
    });
    const { encodeBarrier } = await import('@kryton/engine/protocol/frames.ts');
    this.#socket.send(encodeUpdate(update));
    this.#socket.send(encodeBarrier(Uint8Array.of(1)));
    await durable;
  }

  /** Types one character. */
  edit(): void {
    const { clientID } = this.#doc;
    let update: Uint8Array | null = null;
    this.#doc.once('update', (bytes: Uint8Array) => {
      update = bytes;
    });
    const clock = Y.getState(this.#doc.store, clientID);
    this.#doc.getText('content').insert(0, 'x');
    if (!update) return;
    this.#deliveries?.sending(editKey(clientID, clock));
    this.#socket.send(encodeUpdate(update));
  }

  /** Moves the cursor. */
  move(): void {
    const clientId = this.#doc.clientID;
    const clock = ++this.#clock;
    const state = JSON.stringify({
      user: { name: `User ${clientId}`, color: '#30bced' },
      cursor: { anchor: clock, head: clock + 1 },
    });
    this.#deliveries?.sending(moveKey(clientId, clock));
    this.#socket.send(encodePresence(encodePresenceUpdate([{ clientId, clock, state }])));
  }

  close(): void {
    this.#socket.terminate();
    this.#doc.destroy();
  }
}
