import type { PresenceEntry } from '@kryton/engine/protocol/presence-codec.ts';

/** What a client that is gone says, and what is said of it. */
export const GONE = 'null';
/** Clients and nodes that were slow to hear of a removal have 30 s (the awareness protocol's timeout) and some. */
const TOMBSTONE_MS = 60_000;
/** A client renews every 15 s and a renewal may wait 5 s; stock clients forget a peer after 30 s (PRES3). */
const REMOTE_LIFETIME_MS = 25_000;
/** Client ids one socket may speak for; a stock client has one. */
const MAX_IDS_PER_OWNER = 16;

/** Who may speak for a client id: a socket of this node, or another node. */
export type PresenceOwner = { readonly principal: string };

type Entry = {
  clock: number;
  state: string;
  owner: PresenceOwner;
  readonly isLocal: boolean;
  renewedAt: number;
};

/** What a call changed, and so who has to hear of it. */
export type PresenceChanges = {
  /** Ids whose state is another one: tell everybody now. */
  changed: number[];
  /** Ids that were renewed as they were: tell everybody within 5 s (PRES1). */
  renewed: number[];
  /** Claims that lost against a later removal: the socket that made them must hear of it, to speak up again. */
  stale: PresenceEntry[];
};

/**
 * The latest presence of each client of a room, on this node and the others, and who owns it (PRES2): a client id
 * belongs to the socket that introduced it. A claim by anybody else is kept aside and takes effect when the owner
 * is gone, so that a client that reconnects before its old socket was noticed dead is not invisible for long; the
 * same principal takes over at once. Stock clients send back everything they hear, so claims cost nothing.
 */
export class PresenceBoard {
  readonly #entries = new Map<number, Entry>();
  readonly #claims = new Map<number, { owner: PresenceOwner; entry: PresenceEntry }>();
  readonly #tombstones = new Map<number, { clock: number; until: number }>();
  readonly #idsOf = new Map<PresenceOwner, Set<number>>();

  get size(): number {
    return this.#entries.size;
  }

  /** False for what a socket merely sends back of what it heard of somebody else: there is nothing to learn from it. */
  isNews(owner: PresenceOwner, clientId: number, clock: number): boolean {
    const current = this.#entries.get(clientId);
    return current === undefined || current.owner === owner || clock > current.clock;
  }

  /** What `owner`, a socket of this node, says of itself and perhaps, in vain, of others. */
  applyLocal(owner: PresenceOwner, entries: readonly PresenceEntry[], now: number): PresenceChanges {
    const changes = noChanges();
    for (const entry of entries) {
      const current = this.#entries.get(entry.clientId);
      if (current?.owner === owner) this.#update(current, entry, now, changes);
      else if (current) this.#claim(current, owner, entry, now, changes);
      else this.#introduce(owner, true, entry, now, changes);
    }
    return changes;
  }

  /** What another node says of its own clients; `ownerOf` gives the owner that stands for a principal there. */
  applyRemote(
    ownerOf: (principal: string) => PresenceOwner,
    entries: readonly (PresenceEntry & { principal: string })[],
    now: number,
  ): PresenceChanges {
    const changes = noChanges();
    for (const entry of entries) {
      const current = this.#entries.get(entry.clientId);
      const owner = ownerOf(entry.principal);
      if (!current) this.#introduce(owner, false, entry, now, changes);
      else if (!current.isLocal) {
        // Whoever was here first keeps the id until it leaves or expires, on whichever node it is.
        if (owner.principal !== current.owner.principal && entry.state !== GONE) continue;
        current.owner = owner;
        this.#update(current, entry, now, changes);
      } else if (entry.state === GONE) {
        // Another node buried our client under a newer clock: it has to hear that, to speak up again.
        if (entry.clock >= current.clock) changes.stale.push(entry);
      } else if (owner.principal === current.owner.principal && entry.clock > current.clock) {
        this.#forget(entry.clientId, current);
        this.#introduce(owner, false, entry, now, changes);
      }
    }
    return changes;
  }

  /** The socket closed: everybody hears at once that its clients are gone (PRES3). */
  leave(owner: PresenceOwner, now: number): PresenceChanges {
    const changes = noChanges();
    for (const [clientId, claim] of this.#claims) {
      if (claim.owner === owner) this.#claims.delete(clientId);
    }
    for (const clientId of this.#idsOf.get(owner) ?? []) {
      const entry = this.#entries.get(clientId);
      if (entry) this.#remove(clientId, entry, entry.clock + 1, now, changes);
    }
    return changes;
  }

  /** Removes what other nodes stopped renewing: they were killed, or cannot be heard. */
  expire(now: number): PresenceChanges {
    const changes = noChanges();
    for (const [clientId, entry] of this.#entries) {
      if (!entry.isLocal && now - entry.renewedAt > REMOTE_LIFETIME_MS) {
        this.#remove(clientId, entry, entry.clock + 1, now, changes);
      }
    }
    for (const [clientId, { until }] of this.#tombstones) {
      if (until < now) this.#tombstones.delete(clientId);
    }
    return changes;
  }

  /** The entry to send for an id: its state, or that it is gone; null when nothing is known of it. */
  entry(clientId: number): PresenceEntry | null {
    const current = this.#entries.get(clientId);
    if (current) return { clientId, clock: current.clock, state: current.state };
    const tombstone = this.#tombstones.get(clientId);
    return tombstone ? { clientId, clock: tombstone.clock, state: GONE } : null;
  }

  /** The principal that speaks for an id; empty when nobody does. */
  principalOf(clientId: number): string {
    return this.#entries.get(clientId)?.owner.principal ?? '';
  }

  /** Whether the id is a socket's of this node. */
  isLocal(clientId: number): boolean {
    return this.#entries.get(clientId)?.isLocal ?? false;
  }

  ownerOf(clientId: number): PresenceOwner | null {
    return this.#entries.get(clientId)?.owner ?? null;
  }

  /** All ids that are present. */
  ids(): number[] {
    return [...this.#entries.keys()];
  }

  #update(current: Entry, next: PresenceEntry, now: number, changes: PresenceChanges): void {
    if (next.state === GONE) {
      if (next.clock >= current.clock) this.#remove(next.clientId, current, next.clock, now, changes);
      return;
    }
    if (next.clock <= current.clock) return;
    const isRenewal = next.state === current.state;
    current.clock = next.clock;
    current.state = next.state;
    current.renewedAt = now;
    (isRenewal ? changes.renewed : changes.changed).push(next.clientId);
  }

  #introduce(
    owner: PresenceOwner,
    isLocal: boolean,
    entry: PresenceEntry,
    now: number,
    changes: PresenceChanges,
  ): void {
    if (entry.state === GONE) {
      if (!isLocal) this.#bury(entry.clientId, entry.clock, now);
      return;
    }
    const tombstone = this.#tombstones.get(entry.clientId);
    if (tombstone && tombstone.clock >= entry.clock) {
      changes.stale.push({ clientId: entry.clientId, clock: tombstone.clock, state: GONE });
      return;
    }
    if (isLocal) {
      const ids = this.#idsOf.get(owner) ?? new Set();
      if (ids.size >= MAX_IDS_PER_OWNER) return;
      this.#idsOf.set(owner, ids);
      ids.add(entry.clientId);
    }
    this.#tombstones.delete(entry.clientId);
    this.#entries.set(entry.clientId, {
      clock: entry.clock,
      state: entry.state,
      owner,
      isLocal,
      renewedAt: now,
    });
    changes.changed.push(entry.clientId);
  }

  #claim(
    current: Entry,
    owner: PresenceOwner,
    entry: PresenceEntry,
    now: number,
    changes: PresenceChanges,
  ): void {
    if (entry.state === GONE) return;
    // Strictly newer: a second tab of the same person sends back what it heard, with the clock it heard.
    if (owner.principal === current.owner.principal && entry.clock > current.clock) {
      this.#forget(entry.clientId, current);
      this.#introduce(owner, true, entry, now, changes);
    } else {
      this.#claims.set(entry.clientId, { owner, entry });
    }
  }

  #remove(clientId: number, current: Entry, clock: number, now: number, changes: PresenceChanges): void {
    this.#forget(clientId, current);
    this.#bury(clientId, clock, now);
    changes.changed.push(clientId);
    const claim = this.#claims.get(clientId);
    if (!claim) return;
    this.#claims.delete(clientId);
    this.#introduce(claim.owner, true, claim.entry, now, changes);
  }

  #forget(clientId: number, current: Entry): void {
    this.#entries.delete(clientId);
    const ids = this.#idsOf.get(current.owner);
    ids?.delete(clientId);
    if (ids?.size === 0) this.#idsOf.delete(current.owner);
  }

  #bury(clientId: number, clock: number, now: number): void {
    const known = this.#tombstones.get(clientId);
    if (known && known.clock > clock) return;
    this.#tombstones.set(clientId, { clock, until: now + TOMBSTONE_MS });
  }
}

function noChanges(): PresenceChanges {
  return { changed: [], renewed: [], stale: [] };
}
