import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Principal } from '../auth/principal.ts';

/** What somebody may do with a document (ACC1): read and be seen; write; also grant and delete. */
export type Role = 'viewer' | 'editor' | 'owner';

/** Deny by default: null is no access at all. */
export interface Access {
  /** The role of a principal on a document. Rejects when the grants cannot be read. */
  roleOn(principal: Principal, docId: DocId): Promise<Role | null>;
}

/** Whether a role may change the document. */
export function mayWrite(role: Role): boolean {
  return role !== 'viewer';
}
