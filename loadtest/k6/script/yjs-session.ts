import { encodeNodeQuery, NODE } from '@kryton/engine/protocol/frames.ts';
import { clearInterval, setInterval, setTimeout } from 'k6/timers';
import { type MessageEvent, WebSocket } from 'k6/websockets';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness';
import {
  messageYjsSyncStep2,
  messageYjsUpdate,
  readSyncMessage,
  writeSyncStep1,
  writeUpdate,
} from 'y-protocols/sync';
import * as Y from 'yjs';

const SYNC = 0;
const PRESENCE = 1;
const QUERY_PRESENCE = 3;
/** What a stock y-websocket 3 client does (`y-websocket.js`): it gives a silent connection up, and comes back later each time. */
const SILENT_AFTER_MS = 30_000;
const MAX_BACKOFF_MS = 2_500;
/** As RFC 6455 7.4.1 numbers a connection that ended without a close frame. */
const NO_CLOSE_FRAME = 1006;
const NORMAL = 1000;
/** k6's WebSocket has no constants, whatever its types say. */
const OPEN = 1;

export type YjsSessionOptions = {
  /** Of the document, `ws(s)://…/ws/yjs/<docId>`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Unique in the document: k6's random numbers repeat, and two clients of one id overwrite each other. */
  readonly clientId: number;
  /** The document has arrived; after each connection. */
  readonly onSynced: () => void;
  /** A connection ended, or did not come about, and `end` was not called. */
  readonly onEnded: (code: number, wasSynced: boolean) => void;
  /** How late the generator took up a message, in ms. */
  readonly onLag: (ms: number) => void;
};

/** A client as y-websocket is one, on a WebSocket of k6: sync, awareness, and coming back. */
export class YjsSession {
  readonly doc = new Y.Doc();
  readonly awareness: Awareness;
  /** The node that serves it; null until it has said so. */
  node: string | null = null;
  isSynced = false;
  /** When the socket read the message that is being taken up, ms since 1970. */
  receivedAtMs = 0;
  /** Whether that message is one new update, and not the answer to a newcomer. */
  isLive = false;
  readonly #options: YjsSessionOptions;
  #socket: WebSocket | null = null;
  #failures = 0;
  #lastMessageMs = 0;
  #isOver = false;
  readonly #watchdog: ReturnType<typeof setInterval>;

  constructor(options: YjsSessionOptions) {
    this.#options = options;
    this.doc.clientID = options.clientId;
    this.awareness = new Awareness(this.doc);
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#send(SYNC, (encoder) => writeUpdate(encoder, update));
    });
    this.awareness.on(
      'update',
      ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>) => {
        this.#sendPresence([...added, ...updated, ...removed]);
      },
    );
    this.#watchdog = setInterval(() => {
      if (this.#socket && this.isSynced && Date.now() - this.#lastMessageMs > SILENT_AFTER_MS)
        this.#socket.close();
    }, SILENT_AFTER_MS / 10);
  }

  connect(): void {
    if (this.#isOver) return;
    const socket = new WebSocket(this.#options.url, null, {
      headers: this.#options.headers,
      // Else every document would be a series of its own.
      tags: { name: '/ws/yjs/:docId' },
    });
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => this.#greet(socket);
    socket.onmessage = (event) => {
      if (event && this.#socket === socket) this.#receive(event);
    };
    // Whatever it was, a close follows.
    socket.onerror = () => {};
    socket.addEventListener('close', (event) => this.#closed(event));
  }

  /** Leaves, as a page that is closed does. Nothing happens afterwards. */
  end(): void {
    if (this.#isOver) return;
    removeAwarenessStates(this.awareness, [this.doc.clientID], 'end');
    this.#isOver = true;
    clearInterval(this.#watchdog);
    this.awareness.destroy();
    this.#socket?.close(NORMAL);
    this.#socket = null;
    this.doc.destroy();
  }

  #greet(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#lastMessageMs = Date.now();
    this.#send(SYNC, (encoder) => writeSyncStep1(encoder, this.doc));
    this.#sendPresence([this.doc.clientID]);
    socket.send(encodeNodeQuery());
  }

  #receive(event: MessageEvent): void {
    const { data } = event;
    if (!(data instanceof ArrayBuffer)) throw new Error('a text message came, and Yjs speaks in bytes');
    this.receivedAtMs = event.timestamp;
    this.#lastMessageMs = Date.now();
    this.#options.onLag(this.#lastMessageMs - event.timestamp);
    const decoder = decoding.createDecoder(new Uint8Array(data));
    switch (decoding.readVarUint(decoder)) {
      case SYNC:
        this.#receiveSync(decoder);
        break;
      case PRESENCE:
        applyAwarenessUpdate(this.awareness, decoding.readVarUint8Array(decoder), this);
        break;
      case QUERY_PRESENCE:
        this.#sendPresence([...this.awareness.getStates().keys()]);
        break;
      case NODE:
        this.node = decoding.readVarString(decoder);
        break;
    }
  }

  #receiveSync(decoder: decoding.Decoder): void {
    this.isLive = decoder.arr[decoder.pos] === messageYjsUpdate;
    const answer = encoding.createEncoder();
    encoding.writeVarUint(answer, SYNC);
    const step = readSyncMessage(decoder, answer, this.doc, this);
    if (encoding.length(answer) > 1) this.#sendBytes(encoding.toUint8Array(answer));
    if (step !== messageYjsSyncStep2 || this.isSynced) return;
    this.isSynced = true;
    this.#failures = 0;
    this.#options.onSynced();
  }

  /** `code` is there when a close frame came; the types do not know it yet. */
  #closed(event: object): void {
    if (this.#isOver) return;
    const code = 'code' in event && typeof event.code === 'number' ? event.code : NO_CLOSE_FRAME;
    const wasSynced = this.isSynced;
    this.#socket = null;
    this.isSynced = false;
    this.node = null;
    const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.doc.clientID);
    removeAwarenessStates(this.awareness, others, this);
    this.#options.onEnded(code, wasSynced);
    this.#failures += 1;
    // These say that coming back is of no use.
    if (code >= 4400 && code < 4500) return;
    setTimeout(() => this.connect(), Math.min(2 ** this.#failures * 100, MAX_BACKOFF_MS));
  }

  #sendPresence(clientIds: number[]): void {
    const known = clientIds.filter((id) => this.awareness.meta.has(id));
    if (known.length === 0) return;
    this.#send(PRESENCE, (encoder) =>
      encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(this.awareness, known)),
    );
  }

  #send(type: number, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, type);
    write(encoder);
    this.#sendBytes(encoding.toUint8Array(encoder));
  }

  /** k6 throws where the socket is not open; y-websocket says nothing then, and syncs when it is back. */
  #sendBytes(bytes: Uint8Array): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(bytes);
  }
}
