import type { Socket } from 'node:net';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { PIECE_BYTES, type PreparedFrame } from '../room/prepared-frame.ts';

/** Presence is dropped where this share of the high mark is queued: it goes first (ROOM4). */
const PRESENCE_SHARE = 0.25;

export type OutboxOptions = {
  readonly stream: Socket;
  readonly highBytes: number;
  readonly timers: Timers;
  /** Called once when everything that was queued has left and something was refused meanwhile. */
  readonly onDrained: () => void;
};

/**
 * What waits for one socket, counted in bytes (ROOM4). Over the high mark updates are no longer queued, and presence
 * well before that. A large frame is written piece by piece with a turn for everybody else in between (ROOM5): the
 * kernel copies megabytes while the event loop waits. What comes behind it waits until it has left.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  /** Frames behind a large one, and it; the first is written up to `#writtenBytes`. */
  #queue: PreparedFrame[] = [];
  #queuedBytes = 0;
  #writtenBytes = 0;
  #awaiting: (() => void)[] = [];
  /** Updates are refused until everything has drained, so that none is skipped. */
  #isBehind = false;
  #awaitsDrain = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Bytes that the network has not taken yet. */
  get bytes(): number {
    return this.#options.stream.writableLength + this.#queuedBytes;
  }

  /** Whether the reader is behind: more is queued than updates may fill. */
  get isFull(): boolean {
    return this.bytes > this.#options.highBytes;
  }

  /** Resolves when everything that is queued has left; never when the socket ends first. */
  async drained(): Promise<void> {
    if (this.#queue.length === 0 && !this.#options.stream.writableNeedDrain) return;
    await new Promise<void>((resolve) => this.#onceDrained(resolve));
  }

  /** Queues a frame whatever is queued already. */
  write(frame: PreparedFrame): void {
    if (this.#queue.length === 0 && frame.length <= PIECE_BYTES) {
      this.#options.stream.write(frame);
      return;
    }
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
    if (this.#queue.length === 1) this.#writePiece();
  }

  /** What `run` writes leaves with one system call: in a crowd that opens, those are most of what a socket costs. */
  together<Result>(run: () => Result): Result {
    const { stream } = this.#options;
    stream.cork();
    try {
      return run();
    } finally {
      stream.uncork();
    }
  }

  /** Queues a frame; false when the reader is behind, and then it was not queued. */
  offer(frame: PreparedFrame): boolean {
    if (this.#isBehind || this.isFull) {
      this.#isBehind = true;
      this.#awaitDrain();
      return false;
    }
    this.write(frame);
    return true;
  }

  /** Queues a frame of presence; false when it was dropped because the reader is slow. */
  offerPresence(frame: PreparedFrame): boolean {
    if (this.#isBehind || this.bytes > this.#options.highBytes * PRESENCE_SHARE) {
      this.#awaitDrain();
      return false;
    }
    this.write(frame);
    return true;
  }

  /** Forgets what was not written yet: the socket is closing. */
  close(): void {
    this.#queue = [];
    this.#queuedBytes = this.#writtenBytes = 0;
    this.#awaiting = [];
  }

  #writePiece(): void {
    const [frame] = this.#queue;
    if (!frame) {
      for (const done of this.#awaiting.splice(0)) done();
      return;
    }
    const piece = frame.subarray(this.#writtenBytes, this.#writtenBytes + PIECE_BYTES);
    this.#writtenBytes += piece.length;
    this.#queuedBytes -= piece.length;
    this.#options.stream.write(piece, (error) => {
      if (error) this.close();
      else this.#options.timers.soon(() => this.#pieceLeft(frame));
    });
  }

  #pieceLeft(frame: PreparedFrame): void {
    if (this.#queue[0] !== frame) return;
    if (this.#writtenBytes === frame.length) {
      this.#queue.shift();
      this.#writtenBytes = 0;
    }
    this.#writePiece();
  }

  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    this.#onceDrained(() => {
      this.#awaitsDrain = this.#isBehind = false;
      this.#options.onDrained();
    });
  }

  #onceDrained(run: () => void): void {
    if (this.#queue.length > 0) this.#awaiting.push(run);
    else this.#options.stream.once('drain', run);
  }
}
