import type { Position } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';

/**
 * What is broken and was set aside so that it stops nobody else (LOG9), with its bytes where it has any: somebody may
 * want to look at it, repair it, and bring it back. Every method rejects with {@link QuarantineUnavailable} when the
 * store does not answer in time.
 */
export interface Quarantine {
  /** Notes `item`; setting the same entry or document aside again changes nothing. Durable when it resolves. */
  setAside(item: SetAside): Promise<void>;

  /** Whether the document as a whole is set aside: it is not folded, and its log stays as it is. */
  isSetAside(docId: DocId): Promise<boolean>;

  /** Items, newest first. */
  list(wanted: QuarantineQuery): Promise<QuarantinedItem[]>;

  /** One item with its bytes, or null. `id` is what `list` shows. */
  find(id: number): Promise<QuarantinedItemWithBytes | null>;

  /** Of what is set aside now; released entries do not count. */
  count(): Promise<QuarantineCount>;

  /** Forgets that the document as a whole was set aside, so that it is folded again; false when it was not. */
  release(docId: DocId): Promise<boolean>;

  /**
   * To be called before an entry is appended again: only one caller gets true, however many try at once and however
   * often. With `isRepeated` also where an earlier release began and its end is not known. False for a document, for a
   * released entry and for none.
   */
  beginRelease(id: number, isRepeated: boolean): Promise<boolean>;

  /** Notes that the entry was appended again at `position`; it stays as a record and counts no longer. */
  endRelease(id: number, position: Position): Promise<void>;

  /** Nothing was appended after all: the entry may be released by anybody, as before `beginRelease`. */
  abandonRelease(id: number): Promise<void>;

  /** Deletes the item with its bytes, for good; false when there is none. A document is folded again then. */
  discard(id: number): Promise<boolean>;

  /** Deletes everything of a deleted document. */
  removeAll(docId: DocId): Promise<void>;

  /** Documents that were deleted within the last `withinMs` (Infinity: ever) and of which something is here still; a thousand at most. */
  remainsOfDeleted(withinMs: number): Promise<DocId[]>;
}

export type SetAside =
  | {
      readonly kind: 'entry';
      readonly docId: DocId;
      readonly position: Position;
      readonly reason: string;
      readonly bytes: Uint8Array;
    }
  /** `position` is where its snapshot stood. */
  | {
      readonly kind: 'document';
      readonly docId: DocId;
      readonly position: Position;
      readonly reason: string;
    };

export type QuarantineQuery = {
  readonly limit: number;
  /** Of all documents unless told. */
  readonly docId?: DocId;
  /** Entries that were released too. */
  readonly withReleased?: boolean;
};

export type QuarantinedItem = {
  /** Counted up from 1. */
  readonly id: number;
  readonly kind: 'entry' | 'document';
  readonly docId: DocId;
  readonly position: Position;
  readonly reason: string;
  /** Of what is stored with it; 0 for a document. */
  readonly sizeBytes: number;
  readonly at: Date;
  readonly release: ReleaseState;
};

/** `began`: whether it was appended again is not known, because whoever did it did not come to its end. */
export type ReleaseState =
  | { readonly kind: 'none' }
  | { readonly kind: 'began'; readonly at: Date }
  | { readonly kind: 'released'; readonly at: Date; readonly position: Position };

/** `bytes` are null for a document. */
export type QuarantinedItemWithBytes = QuarantinedItem & { readonly bytes: Uint8Array | null };

export type QuarantineCount = { readonly documents: number; readonly entries: number };

/** The store did not answer in time or refused; `cause` holds its own error. */
export class QuarantineUnavailable extends Error {
  override readonly name = 'QuarantineUnavailable';
}
