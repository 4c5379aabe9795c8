import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { LiveSocket } from './live-socket.ts';

/** WIRE4: a client hears a message at least every 25 s; the clock ticks once a second. */
const SILENT_S = 20;
/** A client that was silent for this long is asked whether it is there, … */
const PING_AFTER_S = 30;
/** … and one that did not answer either is gone: its presence must not stay. */
const GONE_AFTER_S = 75;

/** All WebSockets of a node, and the one clock that keeps them alive. */
export class Connections {
  readonly #all = new Set<LiveSocket>();
  readonly #addedListeners = new Set<(connection: LiveSocket) => void>();
  #now = 0;

  get size(): number {
    return this.#all.size;
  }

  /** Seconds since the start, as counted by {@link tick}. */
  get now(): number {
    return this.#now;
  }

  add(connection: LiveSocket): void {
    this.#all.add(connection);
    for (const listener of this.#addedListeners) listener(connection);
  }

  /** `listener` is called with each connection that comes; the result ends that. */
  onAdded(listener: (connection: LiveSocket) => void): () => void {
    this.#addedListeners.add(listener);
    return () => void this.#addedListeners.delete(listener);
  }

  /** Those that are open. */
  [Symbol.iterator](): Iterator<LiveSocket> {
    return this.#all.values();
  }

  delete(connection: LiveSocket): void {
    this.#all.delete(connection);
  }

  outboxBytes(): number {
    let bytes = 0;
    for (const connection of this.#all) bytes += connection.outboxBytes;
    return bytes;
  }

  /** Called once a second. One timer serves all connections, so that an idle one costs no timer of its own. */
  tick(): void {
    this.#now++;
    for (const connection of this.#all) {
      const silentS = this.#now - connection.heardAt;
      if (this.#now - connection.sentAt >= SILENT_S && connection.outboxBytes === 0) connection.keepAlive();
      if (silentS >= GONE_AFTER_S) connection.terminate();
      else if (silentS >= PING_AFTER_S && silentS % PING_AFTER_S === 0) connection.ping();
    }
  }

  /**
   * Closes every connection with `kind`, in `batches` batches with `pause` between two, so that those who come back
   * do not all come at once (DRAIN1).
   */
  async closeAll(kind: CloseKind, batches: number, pause: () => Promise<void>): Promise<void> {
    const all = [...this.#all];
    const size = Math.max(1, Math.ceil(all.length / batches));
    for (let from = 0; from < all.length; from += size) {
      if (from > 0) await pause();
      for (const connection of all.slice(from, from + size)) connection.close(kind);
    }
  }
}
