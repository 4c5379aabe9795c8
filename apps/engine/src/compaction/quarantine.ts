import type { Position } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';

/**
 * What is broken and was set aside so that it stops nobody else (LOG9), with its bytes where it has any: somebody may
 * want to look at it. Every method rejects with {@link QuarantineUnavailable} when the store does not answer in time.
 */
export interface Quarantine {
  /** Notes `item`; setting the same entry or document aside again changes nothing. Durable when it resolves. */
  setAside(item: SetAside): Promise<void>;

  /** Whether the document as a whole is set aside: it is not folded, and its log stays as it is. */
  isSetAside(docId: DocId): Promise<boolean>;

  /** The newest `limit` items, newest first. */
  list(limit: number): Promise<QuarantinedItem[]>;

  count(): Promise<QuarantineCount>;

  /** Forgets that the document as a whole was set aside, so that it is folded again; false when it was not. */
  release(docId: DocId): Promise<boolean>;
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

export type QuarantinedItem = {
  readonly kind: 'entry' | 'document';
  readonly docId: DocId;
  readonly position: Position;
  readonly reason: string;
  /** Of what is stored with it; 0 for a document. */
  readonly sizeBytes: number;
  readonly at: Date;
};

export type QuarantineCount = { readonly documents: number; readonly entries: number };

/** The store did not answer in time or refused; `cause` holds its own error. */
export class QuarantineUnavailable extends Error {
  override readonly name = 'QuarantineUnavailable';
}
