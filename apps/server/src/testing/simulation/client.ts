import { BARRIER, encodeBarrier, encodeSyncStep1, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import * as sync from 'y-protocols/sync';
import * as Y from 'yjs';
import type { Server, SimContext } from './context.ts';
import type { SimLink } from './link.ts';
import { type ClockRange, rangesOf } from './receipts.ts';

const SYNC = 0;
/** Characters; more than what is handled on the event loop (ROOM5) and than one message is framed in. */
const LARGEST_PASTE = 150_000;
/** As y-websocket 3 waits between two tries. */
const LONGEST_BACKOFF_MS = 2_500;
/** A stock client gives up a connection that says nothing for this long (y-websocket.js), and looks this often. */
const SILENT_MS = 30_000;
const LOOK_EVERY_MS = 3_000;

type Edit = {
  readonly token: string;
  readonly kind: 'typed' | 'erased';
  /** The clocks of what was typed. */
  readonly from: number;
  readonly to: number;
};

/** A client with a document of its own, that speaks as y-websocket does and writes down what was acknowledged. */
export class SimClient {
  readonly name: string;
  readonly docId: DocId;
  readonly doc = new Y.Doc();
  readonly #world: SimContext;
  readonly #text: Y.Text;
  readonly #undo: Y.UndoManager;
  readonly #edits: Edit[] = [];
  readonly #stored = new Set<string>();
  readonly #barriers = new Map<number, number>();
  #link: SimLink | null = null;
  #isSynced = false;
  #wantsOnline = true;
  #failures = 0;
  #barrier = 0;
  #acknowledged = 0;
  #heardAt = 0;
  /** It will never come back, and its replica is gone with it. */
  isGone = false;

  constructor(world: SimContext, name: string, docId: DocId) {
    this.name = name;
    this.docId = docId;
    this.#world = world;
    this.doc.clientID = 1 + world.random.int(2 ** 31);
    this.#text = this.doc.getText('content');
    // Without a time of its own: it would ask the real clock what belongs together.
    this.#undo = new Y.UndoManager(this.doc.getMap('settings'), { captureTimeout: 0 });
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this) this.#send(encodeUpdate(update));
    });
    this.#connectIn(world.random.next() * 200);
    this.#watch();
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get unacknowledged(): number {
    return this.#edits.length - this.#acknowledged;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Acknowledged by a barrier, or heard by anybody, and not erased since: there exactly once. */
  promised(): string[] {
    const erased = new Set(this.#edits.filter(({ kind }) => kind === 'erased').map(({ token }) => token));
    return this.#edits
      .filter(({ token }, index) => index < this.#acknowledged || this.#stored.has(token))
      .filter(({ token, kind }) => kind === 'typed' && !erased.has(token))
      .map(({ token }) => token);
  }

  /** Somebody heard these structs from a node, so they are in the log (LOG1): the echo is a receipt. */
  isStored(ranges: readonly ClockRange[]): void {
    const own = ranges.filter(({ client }) => client === this.doc.clientID);
    if (own.length === 0) return;
    for (const { token, kind, from, to } of this.#edits) {
      if (kind === 'typed' && own.some((range) => range.from <= from && to <= range.to))
        this.#stored.add(token);
    }
  }

  get #clock(): number {
    return Y.getState(this.doc.store, this.doc.clientID);
  }

  /** Erased, and the erasure acknowledged: gone. */
  erased(): string[] {
    const edits = this.#edits.slice(0, this.#acknowledged);
    return edits.filter(({ kind }) => kind === 'erased').map(({ token }) => token);
  }

  edit(): void {
    const { random } = this.#world;
    const draw = random.next();
    if (draw < 0.1) this.#erase();
    else if (draw < 0.2) this.#change();
    else this.#type();
    this.#ask();
  }

  stall(ms: number): void {
    this.#link?.stall(ms);
  }

  cut(): void {
    const { random } = this.#world;
    const serverNoticesMs = random.chance(0.3) ? random.next() * 20_000 : random.next() * 100;
    // A client whose connection leads nowhere notices when it has heard nothing for long.
    const clientNoticesMs = random.chance(0.1) ? Number.POSITIVE_INFINITY : random.next() * 100;
    this.#link?.cut(serverNoticesMs, clientNoticesMs);
  }

  goOffline(): void {
    this.#wantsOnline = false;
    this.#link?.close();
    this.#disconnected();
  }

  comeBack(): void {
    if (this.#wantsOnline || this.isGone) return;
    this.#wantsOnline = true;
    this.#connectIn(0);
  }

  /** Closes for good; what was not acknowledged goes with it. */
  leave(): void {
    this.isGone = true;
    this.goOffline();
  }

  #type(): void {
    const { random } = this.#world;
    const paste = random.chance(this.#world.pastes) ? ' '.repeat(random.int(LARGEST_PASTE)) : '';
    const token = `[${this.name}.${this.#edits.length}${paste}]`;
    const from = this.#clock;
    const content = this.#text.toString();
    const end = content.indexOf(']', random.int(content.length + 1));
    this.#text.insert(end === -1 ? content.length : end + 1, token);
    this.#edits.push({ token, kind: 'typed', from, to: this.#clock });
  }

  #erase(): void {
    const erased = new Set(this.#edits.filter(({ kind }) => kind === 'erased').map(({ token }) => token));
    const own = this.#edits.filter(({ token, kind }) => kind === 'typed' && !erased.has(token));
    if (own.length === 0) return;
    const { token } = this.#world.random.pick(own);
    const at = this.#text.toString().indexOf(token);
    if (at === -1) return;
    this.#text.delete(at, token.length);
    this.#edits.push({ token, kind: 'erased', from: this.#clock, to: this.#clock });
  }

  /** Everything that is not text: formats, a map, an array, undo. */
  #change(): void {
    const { random } = this.#world;
    const settings = this.doc.getMap('settings');
    const list = this.doc.getArray('list');
    switch (random.int(5)) {
      case 0:
        if (this.#text.length > 1) {
          const from = random.int(this.#text.length - 1);
          this.#text.format(from, 1 + random.int(this.#text.length - from - 1), {
            bold: random.chance(0.5) || null,
          });
        }
        break;
      case 1:
        settings.set(`key ${random.int(4)}`, random.int(1_000));
        break;
      case 2:
        list.insert(random.int(list.length + 1), [random.int(1_000)]);
        break;
      case 3:
        if (list.length > 0) list.delete(random.int(list.length), 1);
        break;
      default:
        this.#undo.undo();
    }
  }

  #ask(): void {
    if (!this.#isSynced || !this.#link) return;
    const number = ++this.#barrier;
    this.#barriers.set(number, this.#edits.length);
    this.#send(encodeBarrier(Buffer.from(String(number))));
  }

  #connectIn(ms: number): void {
    const { clock, random } = this.#world;
    clock.after(ms, () => {
      if (!this.#wantsOnline || this.#link) return;
      const node = random.pick(this.#world.nodes());
      if (node.isReady) this.#open(node);
      else this.#retry();
    });
  }

  #open(node: Server): void {
    const link = node.accept(this.docId, {
      message: (bytes) => {
        if (this.#link === link) this.#receive(bytes);
      },
      closed: (code) => {
        if (this.#link !== link) return;
        if (isForGood(code)) this.#world.wrong(`${this.name} was sent away for good (${code})`);
        this.#world.trace(`${this.name} lost ${node.name}${code === null ? '' : ` (${code})`}`);
        this.#disconnected();
        if (this.#wantsOnline) this.#retry();
      },
    });
    this.#link = link;
    this.#heardAt = this.#world.clock.now();
    this.#world.trace(`${this.name} connects to ${node.name}`);
    this.#send(encodeSyncStep1(Y.encodeStateVector(this.doc)));
  }

  #watch(): void {
    const { clock, trace, count } = this.#world;
    clock.after(LOOK_EVERY_MS, () => {
      if (this.#link && clock.now() - this.#heardAt > SILENT_MS) {
        count('client gave up silence');
        trace(`${this.name} gives up a silent connection`);
        this.#link.close();
        this.#disconnected();
        this.#retry();
      }
      if (!this.isGone) this.#watch();
    });
  }

  #retry(): void {
    this.#failures++;
    this.#connectIn(Math.min(2 ** this.#failures * 100, LONGEST_BACKOFF_MS));
  }

  #disconnected(): void {
    this.#link = null;
    this.#isSynced = false;
    this.#barriers.clear();
  }

  #send(message: Uint8Array): void {
    this.#link?.send(message);
  }

  #receive(bytes: Uint8Array): void {
    this.#heardAt = this.#world.clock.now();
    const decoder = decoding.createDecoder(bytes);
    const type = decoding.readVarUint(decoder);
    if (type === BARRIER) {
      const reached = this.#barriers.get(Number(Buffer.from(decoding.readVarUint8Array(decoder)).toString()));
      if (reached !== undefined) this.#acknowledged = Math.max(this.#acknowledged, reached);
    }
    if (type !== SYNC) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, SYNC);
    this.#noteReceipts(bytes);
    const step = sync.readSyncMessage(decoder, encoder, this.doc, this);
    if (encoding.length(encoder) > 1) this.#send(encoding.toUint8Array(encoder));
    if (step === sync.messageYjsSyncStep2 && !this.#isSynced) {
      this.#isSynced = true;
      this.#failures = 0;
      this.#ask();
    }
  }
  #noteReceipts(message: Uint8Array): void {
    const decoder = decoding.createDecoder(message);
    decoding.readVarUint(decoder);
    if (decoding.readVarUint(decoder) === sync.messageYjsSyncStep1) return;
    this.#world.heard(this.docId, rangesOf(decoding.readVarUint8Array(decoder)));
  }
}

/** Codes after which a stock client stops (engine/protocol/close-codes.ts). */
function isForGood(code: number | null): boolean {
  return code !== null && code >= 4_400 && code < 4_500;
}
