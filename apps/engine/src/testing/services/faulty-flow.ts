import type { Socket } from 'node:net';

export type FlowFaults = { readonly delayMs: number; readonly bytesPerSecond: number };

/** Enough to hold the name that a Redis client gives itself. */
const FIRST_BYTES = 2_048;
/** What a flow takes in before it stops reading: the sender must feel a slow or held flow. */
const HIGH_BYTES = 256 * 1024;

/** One direction of a proxied connection: passes bytes on in their order, late, slowly or not at all. */
export class FaultyFlow {
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #faults: () => FlowFaults;
  #firstBytes = '';
  #queue: { bytes: Buffer; arrivedAt: number }[] = [];
  #queuedBytes = 0;
  #isHeld = false;
  #hasEnded = false;
  #timer: NodeJS.Timeout | null = null;
  /** When the last bytes were passed on: a throttled line carries one chunk after the other. */
  #leftAt = 0;

  constructor(source: Socket, sink: Socket, faults: () => FlowFaults) {
    this.#source = source;
    this.#sink = sink;
    this.#faults = faults;
    source.on('data', (bytes: Buffer) => this.#take(bytes));
    source.on('error', () => {});
    source.once('close', () => {
      this.#hasEnded = true;
      this.#pump();
    });
  }

  /** The beginning of what has passed, as Latin-1. */
  get firstBytes(): string {
    return this.#firstBytes;
  }

  /** Passes nothing on, and does not tell the other side of an end either. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#pump();
  }

  #take(bytes: Buffer): void {
    if (this.#firstBytes.length < FIRST_BYTES) {
      this.#firstBytes = (this.#firstBytes + bytes.toString('latin1')).slice(0, FIRST_BYTES);
    }
    this.#queue.push({ bytes, arrivedAt: performance.now() });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > HIGH_BYTES) this.#source.pause();
    this.#pump();
  }

  #pump(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    while (!this.#isHeld) {
      const [first] = this.#queue;
      if (!first) break;
      const { delayMs, bytesPerSecond } = this.#faults();
      const now = performance.now();
      const takesMs = (first.bytes.length / bytesPerSecond) * 1_000;
      const waitMs = Math.max(first.arrivedAt + delayMs, this.#leftAt) + takesMs - now;
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#queuedBytes -= first.bytes.length;
      this.#leftAt = now;
      if (!this.#sink.destroyed) this.#sink.write(first.bytes);
      if (this.#sink.writableLength > HIGH_BYTES) {
        this.#source.pause();
        this.#sink.once('drain', () => this.#resume());
      } else this.#resume();
    }
    if (this.#hasEnded && !this.#isHeld && this.#queue.length === 0) this.#sink.destroySoon();
  }

  #resume(): void {
    if (this.#queuedBytes <= HIGH_BYTES && this.#source.isPaused()) this.#source.resume();
  }
}
