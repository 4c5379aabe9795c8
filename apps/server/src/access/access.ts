import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Principal } from '../auth/principal.ts';
import type { Role } from './role.ts';

/**
 * Deny by default: null is no access at all. Everything here rejects with {@link AccessUnavailable} when the grants
 * cannot be read.
 */
export interface Access {
  /** The role of a principal on a document; null for none, and alike for a document that is unknown or deleted. */
  roleOn(principal: Principal, docId: DocId): Promise<Role | null>;

  /**
   * The same for somebody who opens the document, which may create it: where that is allowed, a user or guest who
   * opens an id that was never used becomes its owner.
   */
  admit(principal: Principal, docId: DocId): Promise<Role | null>;

  /**
   * What has become of those who are connected, in the order asked: one query, however many they are. While it rejects
   * nobody is sent away.
   */
  review(claims: readonly Claim[]): Promise<Verdict[]>;
}

/** Somebody who has a document open; null for a socket that is about none, of which only the credential counts. */
export type Claim = { readonly principal: Principal; readonly docId: DocId | null };

export type Verdict =
  | { readonly kind: 'role'; readonly role: Role }
  | { readonly kind: 'ended'; readonly close: Revocation };

/** How a connection ends whose right to be there has ended. */
export type Revocation = Extract<CloseKind, 'sessionEnded' | 'grantRemoved' | 'documentDeleted'>;

/** The store of grants and sessions did not answer in time or refused; `cause` holds its own error. */
export class AccessUnavailable extends Error {
  override readonly name = 'AccessUnavailable';
}
