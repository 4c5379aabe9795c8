import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { LiveSocket, Owner } from './live-socket.ts';

/** WIRE4: a client hears a message at least every 25 s; the clock ticks once a second. */
const SILENT_S = 20;
/** A client that was silent for this long is asked whether it is there, … */
const PING_AFTER_S = 30;
/** … and one that did not answer either is gone: its presence must not stay. */
const GONE_AFTER_S = 75;

type Held = {
  readonly connection: LiveSocket;
  readonly owner: Owner;
  /** How many of its messages were counted. */
  counted: number;
};

/** All WebSockets of a node, whose they are, and the one clock that keeps them alive. */
export class Connections {
  readonly #all = new Map<LiveSocket, Held>();
  readonly #addedListeners = new Set<(connection: LiveSocket) => void>();
  readonly #perPrincipal = new Tally();
  readonly #perDocument = new Tally();
  #now = 0;

  get size(): number {
    return this.#all.size;
  }

  /** Seconds since the start, as counted by {@link tick}. */
  get now(): number {
    return this.#now;
  }

  add(connection: LiveSocket, owner: Owner): void {
    this.#all.set(connection, { connection, owner, counted: 0 });
    this.#perPrincipal.add(owner.principal, 1);
    if (owner.docId !== null) this.#perDocument.add(owner.docId, 1);
    for (const listener of this.#addedListeners) listener(connection);
  }

  /** `listener` is called with each connection that comes; the result ends that. */
  onAdded(listener: (connection: LiveSocket) => void): () => void {
    this.#addedListeners.add(listener);
    return () => void this.#addedListeners.delete(listener);
  }

  /** Those that are open. */
  [Symbol.iterator](): Iterator<LiveSocket> {
    return this.#all.keys();
  }

  delete(connection: LiveSocket): void {
    const held = this.#all.get(connection);
    if (!held) return;
    this.#all.delete(connection);
    this.#perPrincipal.add(held.owner.principal, -1);
    if (held.owner.docId !== null) this.#perDocument.add(held.owner.docId, -1);
  }

  /** How many `principal` has open. */
  ofPrincipal(principal: string): number {
    return this.#perPrincipal.of(principal);
  }

  /** How many have the document open. */
  onDocument(docId: DocId): number {
    return this.#perDocument.of(docId);
  }

  /** Calls `visit` for each that has sent something since the last time, with the number of its messages. */
  eachBusy(visit: (owner: Owner, messages: number) => void): void {
    for (const held of this.#all.values()) {
      const messages = held.connection.received - held.counted;
      if (messages === 0) continue;
      held.counted += messages;
      visit(held.owner, messages);
    }
  }

  /** Closes those whose owner fits. */
  closeWhere(fits: (owner: Owner) => boolean, kind: CloseKind): void {
    const chosen = [...this.#all.values()].filter(({ owner }) => fits(owner));
    for (const { connection } of chosen) connection.close(kind);
  }

  outboxBytes(): number {
    let bytes = 0;
    for (const connection of this.#all.keys()) bytes += connection.outboxBytes;
    return bytes;
  }

  /** How many readers are behind: more than `highBytes` wait for them (ROOM4). */
  slowReaders(highBytes: number): number {
    let slow = 0;
    for (const connection of this.#all.keys()) if (connection.outboxBytes > highBytes) slow++;
    return slow;
  }

  /** Called once a second. One timer serves all connections, so that an idle one costs no timer of its own. */
  tick(): void {
    this.#now++;
    for (const connection of this.#all.keys()) {
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
    const all = [...this.#all.keys()];
    const size = Math.max(1, Math.ceil(all.length / batches));
    for (let from = 0; from < all.length; from += size) {
      if (from > 0) await pause();
      for (const connection of all.slice(from, from + size)) connection.close(kind);
    }
  }
}

/** How many of each; what has none is not kept. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(name: string, amount: 1 | -1): void {
    const count = this.of(name) + amount;
    if (count === 0) this.#counts.delete(name);
    else this.#counts.set(name, count);
  }
}
