import type { WebSocket } from 'ws';

/** What may wait in one inbox before its socket is no longer read from. */
const HIGH_BYTES = 1024 * 1024;
const HIGH_MESSAGES = 1_000;

/**
 * Handles the messages of one socket strictly in order (WIRE3): they wait, bounded, until the room is open and while
 * an earlier one takes time. Over the bound the socket is not read from.
 */
export class Inbox {
  readonly #handle: (message: Uint8Array) => Promise<void> | undefined;
  readonly #socket: WebSocket;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  #isFull = false;
  #isPaused = false;

  /** `handle` must not reject; it returns a promise when the next message has to wait for it. */
  constructor(handle: (message: Uint8Array) => Promise<void> | undefined, socket: WebSocket) {
    this.#handle = handle;
    this.#socket = socket;
  }

  add(message: Uint8Array): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') {
      const handling = this.#handle(message);
      if (handling !== undefined) this.#waitFor(handling);
      return;
    }
    this.#waiting.push(message);
    this.#bytes += message.length;
    if (!this.#isFull && (this.#bytes > HIGH_BYTES || this.#waiting.length > HIGH_MESSAGES)) {
      this.#isFull = true;
      this.#steer();
    }
  }

  /** Handles what has waited, then everything as it comes. */
  open(): void {
    if (this.#state !== 'waiting') return;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      for (const [index, message] of batch.entries()) {
        this.#bytes -= message.length;
        const handling = this.#handle(message);
        if (handling !== undefined) {
          this.#waiting = batch.slice(index + 1);
          this.#waitFor(handling);
          return;
        }
      }
    }
    if (this.#isClosed()) return;
    this.#state = 'open';
    this.#isFull = false;
    this.#steer();
  }

  /** Stops reading from the socket until {@link resume}: the log does not keep up. */
  pause(): void {
    this.#isPaused = true;
    this.#steer();
  }

  resume(): void {
    this.#isPaused = false;
    this.#steer();
  }

  close(): void {
    this.#state = 'closed';
    this.#waiting = [];
    // A closing handshake has to be read.
    this.#isFull = this.#isPaused = false;
    this.#steer();
  }

  /** A handler may have closed us. */
  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #waitFor(handling: Promise<void>): void {
    if (this.#isClosed()) return;
    this.#state = 'waiting';
    void handling.then(() => this.open());
  }

  #steer(): void {
    const shouldPause = this.#isFull || this.#isPaused;
    if (shouldPause === this.#socket.isPaused) return;
    if (shouldPause) this.#socket.pause();
    else this.#socket.resume();
  }
}
