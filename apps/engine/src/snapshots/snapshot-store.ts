import type { Position } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';

/**
 * Where folded documents live. A snapshot names the log position it covers, and a stored one is only ever replaced
 * by a newer one (SNAP1): a late, duplicate or zombie commit changes nothing.
 *
 * Every method rejects with {@link SnapshotsUnavailable} when the store does not answer in time.
 */
export interface SnapshotStore {
  /** The newest committed snapshot, or null for a document that was never folded. */
  load(docId: DocId): Promise<Snapshot | null>;

  /** The position of the newest snapshot without its bytes, or null. */
  position(docId: DocId): Promise<Position | null>;

  /** The same of many documents, in the order asked. */
  positions(docIds: readonly DocId[]): Promise<(Position | null)[]>;

  /**
   * Stores `snapshot` if it is newer than the stored one and the document is not deleted; false when it was not stored.
   * Durable when it resolves.
   */
  commit(docId: DocId, snapshot: Snapshot): Promise<boolean>;

  /** Whether the document was deleted: its row in `documents` says so. One without a row, from before accounts, is not. */
  isDeleted(docId: DocId): Promise<boolean>;

  /** Removes the snapshot of a deleted document; no commit brings one back. */
  remove(docId: DocId): Promise<void>;

  /** Documents that were deleted within the last `withinMs` (Infinity: ever) and have a snapshot still; a thousand at most. */
  remainsOfDeleted(withinMs: number): Promise<DocId[]>;
}

export type Snapshot = {
  /** The last log entry that is in it. */
  readonly position: Position;
  /** A Yjs v1 update that holds the whole document, pending structs and deletes included (SNAP6). */
  readonly state: Uint8Array;
  /** The encoded state vector of `state`. */
  readonly stateVector: Uint8Array;
};

/** PostgreSQL did not answer in time or refused; `cause` holds its own error. */
export class SnapshotsUnavailable extends Error {
  override readonly name = 'SnapshotsUnavailable';
}
