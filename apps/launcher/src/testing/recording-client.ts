import { setMaxListeners } from 'node:events';
import { BARRIER, encodeBarrier } from '@kryton/engine/protocol/frames.ts';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { type Credentials, signedInSocket } from '@kryton/server/testing/sign-up.ts';
import { readVarUint8Array } from 'lib0/decoding';
import { type ClientOptions, WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

// Each provider listens for the end of the process.
setMaxListeners(0, process);

/** One edit that this client made: a token inserted, or one of its own tokens erased. */
type Edit = { readonly token: string; readonly kind: 'typed' | 'erased' };

type OpenBarrier = { readonly edits: number; readonly socket: unknown; readonly sentAt: number };

export type RecordingClientOptions = {
  /** Unique; part of every token. */
  readonly name: string;
  readonly docId: string;
  /** Base URLs `ws://host:port`: it starts with the first and goes to the next whenever it is disconnected. */
  readonly bases: readonly string[];
  readonly random: SeededRandom;
  /** Whose client it is. */
  readonly as: Credentials;
  /** How its connections are made: certificates to trust, an address to come from. */
  readonly connection?: ClientOptions;
};

/**
 * A stock y-websocket client that writes down what it did and what the server acknowledged (WIRE5), so that a test can
 * say afterwards whether the promise was kept. Tokens look like `[name.7]` and never split each other.
 */
export class RecordingClient {
  readonly name: string;
  readonly docId: string;
  readonly doc = new Y.Doc();
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
  /** Time from an edit to its acknowledgement, in ms, in the order of the acknowledgements. */
  readonly ackMs: { readonly at: number; readonly ms: number }[] = [];
  /** Closed intervals (performance.now) in which it was not synced, and how the socket ended. */
  readonly absences: { from: number; until: number; code: number | null }[] = [];
  readonly closeCodes: number[] = [];
  readonly #random: SeededRandom;
  readonly #bases: readonly string[];
  readonly #edits: Edit[] = [];
  readonly #barriers = new Map<number, OpenBarrier>();
  #base = 0;
  #acknowledged = 0;
  #barrier = 0;
  #awaySince: { at: number; code: number | null } | null = null;

  constructor({ name, docId, bases, random, as, connection }: RecordingClientOptions) {
    this.name = name;
    this.docId = docId;
    this.#bases = bases;
    this.#random = random;
    this.text = this.doc.getText('content');
    this.provider = new WebsocketProvider(`${bases[0]}/ws/yjs`, docId, this.doc, {
      WebSocketPolyfill: signedInSocket(as, connection),
      disableBc: true,
    });
    // The provider shares one table of handlers between instances until one gets its own.
    this.provider.messageHandlers = [...this.provider.messageHandlers];
    this.provider.messageHandlers[BARRIER] = (_encoder, decoder) => {
      this.#echoed(Number(Buffer.from(readVarUint8Array(decoder)).toString()));
    };
    this.provider.on('connection-close', (event) => this.#disconnected(event?.code ?? null));
    this.provider.on('sync', (isSynced: boolean) => {
      if (isSynced) this.#synced();
    });
  }

  get isSynced(): boolean {
    return this.provider.synced;
  }

  /** Edits that were not acknowledged yet. */
  get unacknowledged(): number {
    return this.#edits.length - this.#acknowledged;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Tokens that must be in the document exactly once: typed, acknowledged, and not erased since. */
  promised(): Set<string> {
    return this.#tokens(this.#edits.slice(0, this.#acknowledged));
  }

  /** Tokens that may be there: of every edit, acknowledged or not. */
  typed(): Set<string> {
    return new Set(this.#edits.filter(({ kind }) => kind === 'typed').map(({ token }) => token));
  }

  /** Tokens whose erasure was acknowledged: they must be gone. */
  erased(): Set<string> {
    const edits = this.#edits.slice(0, this.#acknowledged);
    return new Set(edits.filter(({ kind }) => kind === 'erased').map(({ token }) => token));
  }

  /** For how long it has waited for each acknowledgement that is still to come, in ms. */
  openWaits(): number[] {
    const now = performance.now();
    return [...this.#barriers.values()].map(({ sentAt }) => now - sentAt);
  }

  /** Inserts a new token somewhere, or, one time in ten, erases one of its own; asks for an acknowledgement. */
  edit(): void {
    if (this.#random.chance(0.1) && this.#erase()) this.ask();
    else this.type();
  }

  /** Inserts a new token at a random place between tokens and asks for an acknowledgement. */
  type(): string {
    const token = `[${this.name}.${this.#edits.length}]`;
    const content = this.text.toString();
    const near = this.#random.int(content.length + 1);
    const end = content.indexOf(']', near);
    this.text.insert(end === -1 ? content.length : end + 1, token);
    this.#edits.push({ token, kind: 'typed' });
    this.ask();
    return token;
  }

  /** Asks for an acknowledgement of everything so far. Before it is synced, the sync will ask. */
  ask(): void {
    const socket = this.provider.ws;
    if (!this.provider.synced || socket === null || socket.readyState !== WebSocket.OPEN) return;
    const number = ++this.#barrier;
    this.#barriers.set(number, { edits: this.#edits.length, socket, sentAt: performance.now() });
    socket.send(Uint8Array.from(encodeBarrier(Buffer.from(String(number)))));
  }

  /** Goes away without a word; edits go on offline. */
  leave(): void {
    this.provider.disconnect();
  }

  /** Comes back, at `base` when given. */
  comeBack(base?: string): void {
    if (base !== undefined) this.provider.serverUrl = `${base}/ws/yjs`;
    this.provider.connect();
  }

  close(): void {
    this.provider.destroy();
    this.provider.awareness.destroy();
    this.doc.destroy();
  }

  #erase(): boolean {
    const candidates = [...this.#tokens(this.#edits)];
    if (candidates.length === 0) return false;
    const token = this.#random.pick(candidates);
    const at = this.text.toString().indexOf(token);
    if (at === -1) return false;
    this.text.delete(at, token.length);
    this.#edits.push({ token, kind: 'erased' });
    return true;
  }

  #tokens(edits: readonly Edit[]): Set<string> {
    const tokens = new Set<string>();
    for (const { token, kind } of edits) {
      if (kind === 'typed') tokens.add(token);
    }
    // An erasure that is not acknowledged may or may not have happened: such a token is promised by nobody.
    for (const { token, kind } of this.#edits) if (kind === 'erased') tokens.delete(token);
    return tokens;
  }

  #synced(): void {
    if (this.#awaySince) {
      this.absences.push({
        from: this.#awaySince.at,
        until: performance.now(),
        code: this.#awaySince.code,
      });
      this.#awaySince = null;
    }
    // What it edited meanwhile went out in answer to the server's SyncStep1, which comes before this.
    if (this.unacknowledged > 0) this.ask();
  }

  #disconnected(code: number | null): void {
    if (code !== null) this.closeCodes.push(code);
    this.#awaySince ??= { at: performance.now(), code };
    this.#barriers.clear();
    this.#base = (this.#base + 1) % this.#bases.length;
    this.provider.serverUrl = `${this.#bases[this.#base]}/ws/yjs`;
  }

  #echoed(number: number): void {
    const barrier = this.#barriers.get(number);
    if (!barrier || barrier.socket !== this.provider.ws) return;
    this.#barriers.delete(number);
    const now = performance.now();
    this.ackMs.push({ at: now, ms: now - barrier.sentAt });
    this.#acknowledged = Math.max(this.#acknowledged, barrier.edits);
  }
}
