import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import type { WebSocket } from 'ws';
import type { SimClock } from './clock.ts';
import { Unframer } from './unframe.ts';

export type LinkEnd = {
  /** The server's socket has a message. */
  readonly onServerMessage: (message: Uint8Array) => void;
  readonly onServerClosed: () => void;
  readonly onClientMessage: (message: Uint8Array) => void;
  readonly onClientClosed: (code: number | null) => void;
};

/** Bytes that a stream takes before a writer has to wait for `drain`; below the marks of the outbox, as Node's are. */
const HIGH_WATER_BYTES = 300;

/**
 * One WebSocket between a client and a node: messages in order in both directions, each some ms under way. It ends at
 * once for both, or, when it is cut, for each side when it notices; what was under way then is lost.
 */
export class SimLink {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #end: LinkEnd;
  readonly #stream = new EventEmitter();
  readonly #unframer = new Unframer();
  #toServer: Uint8Array[] = [];
  #toServerAt = 0;
  #toClientAt = 0;
  #queuedBytes = 0;
  #needsDrain = false;
  #isPaused = false;
  #isServerOpen = true;
  #isClientOpen = true;
  #isCut = false;
  /** The client reads nothing until then. */
  #stalledUntil = 0;

  constructor(clock: SimClock, random: SeededRandom, end: LinkEnd) {
    this.#clock = clock;
    this.#random = random;
    this.#end = end;
  }

  /** What the node's connection holds: the parts of a WebSocket and of its stream that the product uses. */
  serverSide(): { socket: WebSocket; stream: Socket } {
    const link = this;
    const socket = {
      get isPaused() {
        return link.#isPaused;
      },
      pause() {
        link.#isPaused = true;
      },
      resume() {
        link.#isPaused = false;
        link.#pumpToServer();
      },
      ping() {},
      terminate: () => this.#closeFromServer(null),
      close: (code: number) => this.#closeFromServer(code),
    };
    const stream = Object.assign(this.#stream, {
      write: (frame: Uint8Array, written?: () => void) => this.#write(frame, written),
      // When system calls are made is no matter here.
      cork() {},
      uncork() {},
    });
    Object.defineProperties(stream, {
      writableLength: { get: () => this.#queuedBytes },
      writableNeedDrain: { get: () => this.#needsDrain },
    });
    return { socket: socket as unknown as WebSocket, stream: stream as unknown as Socket };
  }

  send(message: Uint8Array): void {
    if (!this.#isClientOpen) return;
    this.#toServerAt = Math.max(this.#toServerAt, this.#clock.now() + this.#travelMs());
    this.#clock.after(this.#toServerAt - this.#clock.now(), () => {
      if (this.#isCut || !this.#isServerOpen) return;
      this.#toServer.push(message);
      this.#pumpToServer();
    });
  }

  /** The client reads nothing for a while: its node has to keep what it writes. */
  stall(ms: number): void {
    this.#stalledUntil = this.#clock.now() + ms;
  }

  /** The network is gone. Each side notices when it does. */
  cut(serverNoticesMs: number, clientNoticesMs: number): void {
    this.#isCut = true;
    this.#clock.after(serverNoticesMs, () => this.#serverClosed());
    this.#clock.after(clientNoticesMs, () => this.#clientClosed(null));
  }

  /** The client leaves. */
  close(): void {
    this.#isClientOpen = false;
    this.#clock.after(this.#travelMs(), () => this.#serverClosed());
  }

  #write(frame: Uint8Array, written?: () => void): boolean {
    if (!this.#isServerOpen) return false;
    this.#queuedBytes += frame.length;
    if (this.#queuedBytes > HIGH_WATER_BYTES) this.#needsDrain = true;
    const now = this.#clock.now();
    this.#toClientAt = Math.max(this.#toClientAt, now + this.#travelMs(), this.#stalledUntil);
    this.#clock.after(this.#toClientAt - now, () => this.#deliver(frame, written));
    return !this.#needsDrain;
  }

  #deliver(frame: Uint8Array, written?: () => void): void {
    const waitMs = this.#stalledUntil - this.#clock.now();
    if (waitMs > 0 && !this.#isCut) {
      this.#clock.after(waitMs, () => this.#deliver(frame, written));
      return;
    }
    this.#queuedBytes -= frame.length;
    written?.();
    if (this.#needsDrain && this.#queuedBytes === 0) {
      this.#needsDrain = false;
      this.#stream.emit('drain');
    }
    for (const message of this.#unframer.add(frame)) {
      if (!this.#isCut && this.#isClientOpen) this.#end.onClientMessage(message);
    }
  }

  #pumpToServer(): void {
    while (!this.#isPaused && this.#isServerOpen) {
      const message = this.#toServer.shift();
      if (!message) return;
      this.#end.onServerMessage(message);
    }
  }

  #closeFromServer(code: number | null): void {
    this.#clock.after(this.#travelMs(), () => this.#clientClosed(code));
    this.#serverClosed();
  }

  #serverClosed(): void {
    if (!this.#isServerOpen) return;
    this.#isServerOpen = false;
    this.#end.onServerClosed();
  }

  #clientClosed(code: number | null): void {
    if (!this.#isClientOpen) return;
    this.#isClientOpen = false;
    this.#end.onClientClosed(code);
  }

  #travelMs(): number {
    return 0.5 + this.#random.next() * 10;
  }
}
