import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Role } from './role.ts';

/** A document as somebody sees it. */
export type Document = {
  readonly id: DocId;
  readonly title: string;
  /** Of whom it is shown to. */
  readonly role: Role;
  readonly createdAt: Date;
  /** When it was last renamed, or edited as far as its snapshot tells. */
  readonly updatedAt: Date;
};
