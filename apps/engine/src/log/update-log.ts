import type { DocId } from '../protocol/ids.ts';
import type { Position } from './position.ts';

/**
 * The update log: the one place where an update becomes durable, and the one order in which every node sees it.
 *
 * A document's log is a sequence of entries. What holds of every adapter (the contract suite in
 * `update-log.contract.ts` runs on each):
 *
 * - **Append, then broadcast, then acknowledge** (LOG1). When `append` resolves with a position, the entry is as
 *   durable as the store makes anything, and it has been published once to all subscribers (LOG8).
 * - **Dense** (LOG2). Within an epoch the entries are 1, 2, 3, … A subscriber that is handed seq 7 after seq 5 has
 *   missed one and reads it from the log. Delivery to a subscriber is in order but at most once: it may miss
 *   entries, it never sees an entry that is not in the log.
 * - **No silent new history** (LOG3). `append` names the position it knows. When the log is not there, has lost
 *   its end, or another epoch has begun, nothing is written and the answer says so; only `open` begins an epoch,
 *   and its number is larger than every one used before.
 * - **A rejection means "unknown"** (LOG6): the entry may or may not be in the log. The caller appends the same
 *   bytes again; Yjs makes a duplicate harmless.
 * - **Nothing is trimmed that the caller did not name as covered** by a committed snapshot (SNAP3).
 *
 * Every method is bounded in time (the adapter's deadline) and rejects with {@link LogUnavailable} when the store
 * does not answer.
 */
export interface UpdateLog {
  /**
   * The head of the document's log. `after` is the newest position the caller knows of: its own, or that of the
   * committed snapshot, or ORIGIN. Where there is no log, or one that ends before `after` (the store lost its last
   * entries), a new epoch begins: the larger of the store's clock in ms and one past every epoch known.
   */
  open(docId: DocId, after: Position): Promise<OpenedLog>;

  /**
   * Adds `update` as the next entry of `known.epoch` and publishes it. `known` is the last position the caller saw.
   * `lost`: the log is not the one the caller knows (gone, in a later epoch, or ending before `known`); nothing was
   * written. `open` it and resync.
   */
  append(docId: DocId, known: Position, update: Uint8Array): Promise<AppendResult>;

  /**
   * Entries after `after`, oldest first, at most `limit` of them (and at least one when there is one).
   * `behind`: entries after `after` were trimmed; only a newer snapshot helps. `missing`: there is no log that
   * reaches `after`. Entries of a later epoch follow those of an earlier one.
   */
  read(docId: DocId, after: Position, limit: number): Promise<LogPage>;

  /**
   * The heads of many documents' logs, in the order asked; null where there is none. `isOpen` says that somebody has
   * these documents open, which keeps their logs from leaving the store (SNAP7).
   */
  heads(docIds: readonly DocId[], options?: { readonly isOpen?: boolean }): Promise<(LogHead | null)[]>;

  /** Hands every later entry and presence message of the document to `listener`, until the result is called. */
  subscribe(docId: DocId, listener: LogListener): Promise<() => Promise<void>>;

  /** Sends `message` to every subscriber of the document, this node's too. At most once, never stored. */
  publishPresence(docId: DocId, message: Uint8Array): Promise<void>;

  /**
   * Says that a committed snapshot covers everything up to `covered`, and removes the covered entries that are
   * older than `keepMs` by the store's clock; resolves with how many these were. A log that is covered to its end, and
   * that nobody opens, leaves the store by itself (SNAP7).
   */
  trim(docId: DocId, covered: Position, keepMs: number): Promise<number>;

  /**
   * Removes the log with everything in it: the document was deleted. Then there is none, as after a loss (LOG3): who
   * appends is told so, and only `open` begins another epoch. Nobody is told; where there is no log, nothing happens.
   */
  remove(docId: DocId): Promise<void>;

  /** Every document that has a log, in no order, possibly twice. For sweeps, not for serving. */
  documents(): AsyncIterable<DocId>;

  /**
   * Whether this process hears what it publishes (LOG5): publishes a heartbeat for `nodeId` and resolves when its
   * echo arrives, with the round trip in ms. Rejects after `timeoutMs` without one.
   */
  canary(nodeId: string, timeoutMs: number): Promise<number>;

  /** Drops and renews all subscriptions; used when the canary falls silent. */
  resubscribe(): Promise<void>;

  /** `listener` is called whenever messages may have been missed (a subscription was interrupted and is back). */
  onInterruption(listener: () => void): () => void;

  /** Ends connections; pending calls reject. */
  close(): Promise<void>;
}

/** The state of a document's log. */
export type LogHead = {
  /** The last entry; `seq` 0 when the epoch has none yet. */
  readonly last: Position;
  /** Whether the log holds no entry at all, of whichever epoch: there is nothing to read. */
  readonly isEmpty: boolean;
  /** Up to where a committed snapshot covers it, as told by `trim`; null before the first. */
  readonly covered: Position | null;
};

export type OpenedLog = LogHead & {
  /**
   * Whether anybody else may be listening to the document: another node, or another listener of this process. False
   * only where nobody is; who begins to listen later will see the caller's own listener.
   */
  readonly hasOthers: boolean;
};

export type AppendResult =
  | { readonly kind: 'appended'; readonly position: Position }
  | { readonly kind: 'lost' };

export type LogEntry = {
  readonly position: Position;
  /** A Yjs v1 update. */
  readonly update: Uint8Array;
  /** When it was appended, ms since 1970 by the store's clock. */
  readonly atMs: number;
};

export type LogPage =
  | { readonly kind: 'entries'; readonly entries: readonly LogEntry[]; readonly more: boolean }
  | { readonly kind: 'behind' }
  | { readonly kind: 'missing' };

export type LogListener = {
  /** `update` is null where it was too large to travel with the message: read it from the log. */
  entry(position: Position, update: Uint8Array | null): void;
  presence(message: Uint8Array): void;
};

/** The store did not answer in time or refused; `cause` holds its own error. Whether a write happened is unknown. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}
