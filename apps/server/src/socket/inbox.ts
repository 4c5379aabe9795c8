import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { WebSocket } from 'ws';
import type { Pace } from './pace.ts';

/** What may wait in one inbox before its socket is no longer read from. */
const HIGH_BYTES = 1024 * 1024;
const HIGH_MESSAGES = 1_000;
/** Timers are no finer. */
const SHORTEST_REST_MS = 1;

/** Bytes, or the text of a text message. */
type Message = { readonly length: number };

export type InboxOptions<Received extends Message = Uint8Array> = {
  readonly socket: WebSocket;
  readonly pace: Pace;
  readonly timers: Timers;
  /** Must not reject; returns a promise when the next message has to wait for it. */
  readonly handle: (message: Received) => Promise<void> | undefined;
  /** The client was held back for long and goes on as before. */
  readonly onTooFast: () => void;
};

/**
 * `waiting`: for the room, or for a message that takes time. `open`: messages are handled as they come. `resting`:
 * others have their turn.
 */
type State = 'waiting' | 'open' | 'resting' | 'closed';

/**
 * Handles the messages of one socket strictly in order (WIRE3) and at a pace that leaves the others theirs: they wait,
 * bounded, until the room is open, while an earlier one takes time, and while the socket rests. Over the bound, and at
 * rest, the socket is not read from.
 */
export class Inbox<Received extends Message = Uint8Array> {
  readonly #options: InboxOptions<Received>;
  #waiting: Received[] = [];
  /** How many of `#waiting` were handled: the array is cut once for all of them. */
  #next = 0;
  #bytes = 0;
  #state: State = 'waiting';
  #isPaused = false;

  constructor(options: InboxOptions<Received>) {
    this.#options = options;
  }

  add(message: Received): void {
    if (this.#state === 'closed') return;
    this.#waiting.push(message);
    this.#bytes += message.length;
    if (this.#state === 'open') this.#work();
    else this.#steer();
  }

  /** Handles what has waited, then everything as it comes. */
  open(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    this.#work();
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
    this.#forgetHandled(this.#waiting.length);
    this.#steer();
  }

  #work(): void {
    const { handle, pace, timers, onTooFast } = this.#options;
    let message = this.#waiting[this.#next];
    for (; message !== undefined && this.#isOpen(); message = this.#waiting[this.#next]) {
      const now = timers.now();
      const restMs = pace.waitMs(now);
      if (pace.isTooFast(now)) onTooFast();
      else if (restMs > 0) this.#rest(restMs);
      else {
        this.#next++;
        this.#bytes -= message.length;
        pace.took(message.length);
        const handling = handle(message);
        if (handling !== undefined) this.#waitFor(handling);
      }
    }
    this.#forgetHandled(this.#next);
    this.#steer();
  }

  #rest(restMs: number): void {
    this.#state = 'resting';
    this.#options.timers.after(Math.max(restMs, SHORTEST_REST_MS), () => {
      if (this.#state !== 'resting') return;
      this.#state = 'open';
      this.#work();
    });
  }

  /** A handler may have closed us, or asked to be waited for. */
  #isOpen(): boolean {
    return this.#state === 'open';
  }

  #waitFor(handling: Promise<void>): void {
    if (this.#state === 'closed') return;
    this.#state = 'waiting';
    void handling.then(() => this.open());
  }

  #forgetHandled(count: number): void {
    if (count > 0) this.#waiting = this.#waiting.slice(count);
    this.#next = 0;
  }

  #steer(): void {
    const { socket } = this.#options;
    const isFull = this.#bytes > HIGH_BYTES || this.#waiting.length > HIGH_MESSAGES;
    // A closing handshake has to be read.
    const shouldPause = this.#state !== 'closed' && (isFull || this.#isPaused || this.#state === 'resting');
    if (shouldPause === socket.isPaused) return;
    if (shouldPause) socket.pause();
    else socket.resume();
  }
}
