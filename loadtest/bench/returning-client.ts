import { setTimeout as pause } from 'node:timers/promises';
import { BenchClient } from './bench-client.ts';
import type { Door } from './system.ts';

/** As y-websocket 3 does it (`closeWebsocketConnection`): it counts every closed connection until one is synced. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_500;

/** What happened to a client that lost its connection. */
export type Return = {
  /** From the loss to the SyncStep2 of another connection. */
  readonly awayMs: number;
  /** By performance.now(). */
  readonly backAt: number;
  readonly attempts: number;
  /** Of the update in that SyncStep2. */
  readonly answerBytes: number;
};

export type ReturningOptions = {
  /** How it comes in for the `attempt`th time, counted from 0: what stands before the nodes sends it to another one. */
  readonly doorOf: (attempt: number) => Door;
  /** The encoded state vector of what it holds when it comes back. */
  readonly holds: () => Uint8Array;
  readonly onFrame: (frame: Buffer) => void;
};

/** A client that comes back by itself when its connection is lost, as stock clients do: alone, by the clock. */
export class ReturningClient {
  readonly returns: Return[] = [];
  readonly #options: ReturningOptions;
  readonly #closing = new AbortController();
  #client: BenchClient | null = null;
  #attempt = 0;
  #isAway = false;

  private constructor(options: ReturningOptions) {
    this.#options = options;
  }

  /** Joins with nothing; resolves once it is synced. */
  static async join(options: ReturningOptions): Promise<ReturningClient> {
    const returning = new ReturningClient(options);
    await returning.#connect(null);
    return returning;
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  send(frame: Uint8Array): void {
    if (!this.#client) throw new Error('it is away');
    this.#client.send(frame);
  }

  close(): void {
    this.#closing.abort();
    this.#client?.close();
  }

  async #connect(holds: Uint8Array | null): Promise<Uint8Array> {
    const client = await BenchClient.connect(this.#options.doorOf(this.#attempt++));
    client.onFrame = this.#options.onFrame;
    try {
      const answer = Uint8Array.from(await (holds === null ? client.sync() : client.sync(holds)));
      this.#client = client;
      client.onClose = () => void this.#return();
      if (!client.isOpen) throw new Error('closed as soon as it was synced');
      return answer;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async #return(): Promise<void> {
    const lostAt = performance.now();
    this.#client = null;
    this.#isAway = true;
    for (let closed = 1; !this.#closing.signal.aborted; closed++) {
      const { signal } = this.#closing;
      const waitMs = Math.min(2 ** closed * FIRST_WAIT_MS, LONGEST_WAIT_MS);
      await pause(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const answer = await this.#connect(this.#options.holds()).catch(() => null);
      if (answer === null) continue;
      const backAt = performance.now();
      this.returns.push({ awayMs: backAt - lostAt, backAt, attempts: closed, answerBytes: answer.length });
      this.#isAway = false;
      return;
    }
  }
}
