import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { encodePresence } from '@kryton/engine/protocol/frames.ts';
import type { NodeId } from '@kryton/engine/protocol/ids.ts';
import { encodePresenceUpdate, type PresenceEntry } from '@kryton/engine/protocol/presence-codec.ts';
import { Gatherer } from './gatherer.ts';
import { PresenceBoard, type PresenceChanges, type PresenceOwner } from './presence-board.ts';
import { encodePresenceMessage, type OwnedPresence } from './presence-wire.ts';

/** PRES1: a renewal that changes nothing may wait this long. */
const RENEWAL_DELAY_MS = 5_000;
/** How long a node gathers before it tells the other nodes. */
const PUBLISH_WINDOW_MS = 25;

export type PresenceExchangeOptions = {
  readonly node: NodeId;
  /** Sends to all nodes that have the document open; must not reject. */
  readonly publish: (message: Uint8Array) => Promise<void>;
  /** Sends to every socket of the room. */
  readonly broadcast: (message: Uint8Array) => void;
  /** Sends to one socket: what only it has to hear. */
  readonly tell: (owner: PresenceOwner, message: Uint8Array) => void;
  readonly windowMs: () => number;
  readonly timers: Timers;
};

/**
 * Presence of one room: gathers what moves, sends at most one frame a window to the sockets and one message a window
 * to the other nodes, with the latest state of each client however often it moved (PRES1).
 */
export class PresenceExchange {
  readonly #options: PresenceExchangeOptions;
  readonly #board = new PresenceBoard();
  readonly #dirty = new Set<number>();
  readonly #unpublished = new Set<number>();
  readonly #renewed = new Set<number>();
  readonly #renewedLocally = new Set<number>();
  readonly #fanOut: Gatherer<void>;
  readonly #publishing: Gatherer<void>;
  #cancelRenewal: (() => void) | null = null;
  #everybody: Uint8Array | null = null;

  constructor(options: PresenceExchangeOptions) {
    this.#options = options;
    this.#fanOut = new Gatherer({
      flush: () => this.#flush(),
      windowMs: options.windowMs,
      timers: options.timers,
    });
    this.#publishing = new Gatherer({
      flush: () => this.#publish(),
      windowMs: () => PUBLISH_WINDOW_MS,
      timers: options.timers,
    });
  }

  get size(): number {
    return this.#board.size;
  }

  /** See {@link PresenceBoard.isNews}. */
  isNews(owner: PresenceOwner, clientId: number, clock: number): boolean {
    return this.#board.isNews(owner, clientId, clock);
  }

  /** What a socket of this node said. */
  receive(owner: PresenceOwner, entries: readonly PresenceEntry[]): void {
    const changes = this.#board.applyLocal(owner, entries, this.#options.timers.now());
    if (changes.stale.length > 0) this.#tell(owner, changes.stale);
    this.#note(changes, true);
  }

  /** What another node said of its clients. */
  receiveRemote(remote: readonly OwnedPresence[]): void {
    const owners = new Map<string, PresenceOwner>();
    const ownerOf = (principal: string): PresenceOwner => {
      const known = owners.get(principal) ?? { principal };
      owners.set(principal, known);
      return known;
    };
    const changes = this.#board.applyRemote(ownerOf, remote, this.#options.timers.now());
    for (const entry of changes.stale) {
      const owner = this.#board.isLocal(entry.clientId) ? this.#board.ownerOf(entry.clientId) : null;
      if (owner) this.#tell(owner, [entry]);
      // The other node believes in a client that was buried here: it hears of the burial.
      else this.#queuePublish(entry.clientId);
    }
    this.#note(changes, false);
  }

  leave(owner: PresenceOwner): void {
    this.#note(this.#board.leave(owner, this.#options.timers.now()), true);
  }

  /** Removes what no node renews any more. Called every few seconds. */
  expire(): void {
    this.#note(this.#board.expire(this.#options.timers.now()), false);
  }

  /** Tells the other nodes whom this one has. */
  announce(): void {
    for (const clientId of this.#board.ids()) {
      if (this.#board.isLocal(clientId)) this.#queuePublish(clientId);
    }
  }

  /** Everybody who is present, as one message; null when nobody is. Shared by all who join before it changes. */
  everybody(): Uint8Array | null {
    if (this.#board.size === 0) return null;
    this.#everybody ??= this.#message(this.#board.ids());
    return this.#everybody;
  }

  /** Sends what is gathered to the sockets if it is about time; see {@link Gatherer.hurry}. */
  hurry(): void {
    this.#fanOut.hurry();
  }

  /** Tells the other nodes at once, before this one leaves. */
  async drain(): Promise<void> {
    await this.#publishing.drain();
  }

  close(): void {
    this.#fanOut.clear();
    this.#publishing.clear();
    this.#cancelRenewal?.();
    this.#cancelRenewal = null;
  }

  #note({ changed, renewed }: PresenceChanges, isLocal: boolean): void {
    for (const clientId of changed) {
      this.#renewed.delete(clientId);
      if (this.#dirty.size === 0) this.#fanOut.add();
      this.#dirty.add(clientId);
      if (isLocal) this.#queuePublish(clientId);
    }
    if (changed.length > 0 || renewed.length > 0) this.#everybody = null;
    for (const clientId of renewed) {
      if (!this.#dirty.has(clientId)) this.#renewed.add(clientId);
      if (isLocal) this.#renewedLocally.add(clientId);
    }
    if (renewed.length > 0)
      this.#cancelRenewal ??= this.#options.timers.after(RENEWAL_DELAY_MS, () => this.#renew());
  }

  #renew(): void {
    this.#cancelRenewal = null;
    const renewed = [...this.#renewed];
    this.#renewed.clear();
    if (renewed.length > 0) this.#options.broadcast(this.#message(renewed));
    for (const clientId of this.#renewedLocally) this.#queuePublish(clientId);
    this.#renewedLocally.clear();
  }

  #queuePublish(clientId: number): void {
    if (this.#unpublished.size === 0) this.#publishing.add();
    this.#unpublished.add(clientId);
  }

  #flush(): void {
    const ids = [...this.#dirty];
    this.#dirty.clear();
    if (ids.length > 0) this.#options.broadcast(this.#message(ids));
  }

  #publish(): Promise<void> | undefined {
    const entries: OwnedPresence[] = [];
    for (const clientId of this.#unpublished) {
      const entry = this.#board.entry(clientId);
      if (entry) entries.push({ ...entry, principal: this.#board.principalOf(clientId) });
    }
    this.#unpublished.clear();
    if (entries.length === 0) return undefined;
    return this.#send(encodePresenceMessage({ kind: 'states', node: this.#options.node, entries }));
  }

  #send(message: Uint8Array): Promise<void> {
    return this.#options.publish(message);
  }

  #tell(owner: PresenceOwner, entries: PresenceEntry[]): void {
    this.#options.tell(owner, encodePresence(encodePresenceUpdate(entries)));
  }

  #message(ids: Iterable<number>): Uint8Array {
    const entries: PresenceEntry[] = [];
    for (const clientId of ids) {
      const entry = this.#board.entry(clientId);
      if (entry) entries.push(entry);
    }
    return encodePresence(encodePresenceUpdate(entries));
  }
}
