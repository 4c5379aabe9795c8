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

  /** Stores `snapshot` if it is newer than the stored one; false when it was not. Durable when it resolves. */
  commit(docId: DocId, snapshot: Snapshot): Promise<boolean>;
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
