import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Principal } from '../auth/principal.ts';
import type { Role } from './role.ts';

/** Deny by default: null is no access at all. */
export interface Access {
  /**
   * The role of a principal on a document; null for none, and alike for a document that is unknown or deleted.
   * Rejects when the grants cannot be read.
   */
  roleOn(principal: Principal, docId: DocId): Promise<Role | null>;

  /**
   * What has become of those who are connected, in the order asked: one query, however many they are. Rejects when
   * the grants cannot be read: nobody is sent away then.
   */
  review(claims: readonly Claim[]): Promise<Verdict[]>;
}

/** Somebody who has a document open. */
export type Claim = { readonly principal: Principal; readonly docId: DocId };

export type Verdict =
  | { readonly kind: 'role'; readonly role: Role }
  | {
      readonly kind: 'ended';
      readonly close: Extract<CloseKind, 'sessionEnded' | 'grantRemoved' | 'documentDeleted'>;
    };
