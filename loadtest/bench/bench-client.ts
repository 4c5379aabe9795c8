import { decodeFrame, encodeSyncStep1, encodeSyncStep2 } from '@kryton/engine/protocol/frames.ts';
import { withDeadline } from '@kryton/engine/testing/eventually.ts';
import { WebSocket } from 'ws';
import type { Dialect, Door } from './system.ts';

const EMPTY_STATE_VECTOR = Uint8Array.of(0);
const EMPTY_UPDATE = Uint8Array.of(0, 0);
const HAS_NOTHING = encodeSyncStep2(EMPTY_UPDATE);
/** The first two bytes of a message: sync (0) and the step. */
const SYNC = 0;
const AWARENESS = 1;
const STEP_1 = 0;
const STEP_2 = 1;
const ANSWER_WITHIN_MS = 60_000;

/**
 * A lean client: it does what a stock y-websocket client does on its socket (or the provider whose dialect it speaks),
 * but keeps no document, so that the generator can be hundreds of them.
 */
export class BenchClient {
  /** Every frame; the bytes are only valid during the call. */
  onFrame: (frame: Buffer) => void = () => {};
  /** When the connection is gone, whoever ended it. */
  onClose: () => void = () => {};
  readonly #socket: WebSocket;
  readonly #dialect: Dialect | null;
  readonly #synced = Promise.withResolvers<Uint8Array>();

  private constructor(socket: WebSocket, dialect: Dialect | null) {
    this.#socket = socket;
    this.#dialect = dialect;
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data)) this.#receive(data);
    });
    socket.on('error', (error) => this.#synced.reject(error));
    socket.on('close', (code) => {
      this.#synced.reject(new Error(`closed with ${code} before SyncStep2 came`));
      this.onClose();
    });
    this.#synced.promise.catch(() => {});
  }

  /** Connects. Rejects when the server refuses or does not answer within a minute. */
  static async connect({ url, headers, dialect }: Door): Promise<BenchClient> {
    const socket = new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: 0 });
    const client = new BenchClient(socket, dialect ?? null);
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    await withDeadline(() => opened, ANSWER_WITHIN_MS);
    if (dialect) client.send(dialect.greeting);
    return client;
  }

  /** Connects and resolves when the document has arrived. */
  static async join(door: Door): Promise<BenchClient> {
    const client = await BenchClient.connect(door);
    await client.sync();
    return client;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /**
   * Asks for what `holds` (an encoded state vector) lacks, for the whole document unless told; resolves with the Yjs
   * update that the server answers. Once per connection.
   */
  async sync(holds: Uint8Array = EMPTY_STATE_VECTOR): Promise<Uint8Array> {
    this.send(encodeSyncStep1(holds));
    return await withDeadline(() => this.#synced.promise, ANSWER_WITHIN_MS);
  }

  send(frame: Uint8Array): void {
    this.#socket.send(this.#dialect ? Buffer.concat([this.#dialect.address, frame]) : frame);
  }

  close(): void {
    this.#socket.terminate();
  }

  #receive(message: Buffer): void {
    const frame = this.#dialect ? message.subarray(this.#dialect.address.length) : message;
    // Other types of a dialect are its own affair: Hocuspocus confirms each update to its sender, for example.
    if (this.#dialect && (frame[0] ?? 0) > AWARENESS) return;
    if (frame[0] === SYNC && frame[1] === STEP_1) this.send(HAS_NOTHING);
    if (frame[0] === SYNC && frame[1] === STEP_2) {
      const decoded = decodeFrame(frame);
      if (decoded.kind === 'sync-step-2') this.#synced.resolve(decoded.update);
    }
    this.onFrame(frame);
  }
}
