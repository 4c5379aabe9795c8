import type { Socket } from 'node:net';
import type { PreparedFrame } from '../room/prepared-frame.ts';

/** Presence is dropped where this share of the high mark is queued: it goes first (ROOM4). */
const PRESENCE_SHARE = 0.25;

/**
 * What waits for one socket, counted in bytes by Node's own write buffer (ROOM4). Over the high mark updates are no
 * longer queued, and presence well before that. `onDrained` is called once when everything that was queued has left
 * and something was refused meanwhile.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #highBytes: number;
  readonly #onDrained: () => void;
  /** Updates are refused until everything has drained, so that none is skipped. */
  #isBehind = false;
  #awaitsDrain = false;

  constructor(socket: Socket, highBytes: number, onDrained: () => void) {
    this.#socket = socket;
    this.#highBytes = highBytes;
    this.#onDrained = onDrained;
  }

  /** Bytes that the network has not taken yet. */
  get bytes(): number {
    return this.#socket.writableLength;
  }

  /** Whether the reader is behind: more is queued than updates may fill. */
  get isFull(): boolean {
    return this.#socket.writableLength > this.#highBytes;
  }

  /** Resolves when everything that is queued has left; never when the socket ends first. */
  async drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => this.#socket.once('drain', resolve));
  }

  /** Queues a frame whatever is queued already. */
  write(frame: PreparedFrame): void {
    this.#socket.write(frame);
  }

  /** Queues a frame; false when the reader is behind, and then it was not queued. */
  offer(frame: PreparedFrame): boolean {
    if (this.#isBehind || this.isFull) {
      this.#isBehind = true;
      this.#awaitDrain();
      return false;
    }
    this.#socket.write(frame);
    return true;
  }

  /** Queues a frame of presence; false when it was dropped because the reader is slow. */
  offerPresence(frame: PreparedFrame): boolean {
    if (this.#isBehind || this.#socket.writableLength > this.#highBytes * PRESENCE_SHARE) {
      this.#awaitDrain();
      return false;
    }
    this.#socket.write(frame);
    return true;
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#socket.once('drain', () => {
      this.#awaitsDrain = this.#isBehind = false;
      this.#onDrained();
    });
  }
}
