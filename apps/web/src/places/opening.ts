import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { ApiProblem } from '../api/api-problem.ts';
import type { DocumentRow, Me, SignIn } from '../api/shapes.ts';

/** What becomes of somebody who comes to the address of a document. */
export type Opening =
  | {
      readonly kind: 'open';
      readonly document: DocumentRow;
      readonly me: Me | null;
      /** The token to connect with; null for the cookie. */
      readonly linkToken: string | null;
    }
  | { readonly kind: 'sign-in' }
  /** Unknown, deleted or not theirs: the server tells these alike. */
  | { readonly kind: 'no-access'; readonly me: Me }
  /** The link was removed, and nothing else lets them in. */
  | { readonly kind: 'dead-link'; readonly me: Me | null };

export type OpeningPorts = {
  /** Rejects with an ApiProblem of status 401 or 404 for those who may not. */
  fetchDocument(id: DocId, token: string | null): Promise<DocumentRow>;
  createDocument(id: DocId): Promise<DocumentRow>;
  /** Signs in as a guest and says who that is. */
  becomeGuest(): Promise<Me | null>;
};

/** The visitor's own role first, then the link; whoever has neither is a guest where guests may come in. */
export async function openDocument(
  { id, linkToken }: { readonly id: DocId; readonly linkToken: string | null },
  { me, signIn }: { readonly me: Me | null; readonly signIn: SignIn },
  ports: OpeningPorts,
): Promise<Opening> {
  const reach = (token: string | null) => unlessRefused(ports.fetchDocument(id, token));
  if (me !== null) {
    const own = await reach(null);
    if (own !== null) return { kind: 'open', document: own, me, linkToken: null };
  }
  if (linkToken !== null) {
    const linked = await reach(linkToken);
    return linked === null ? { kind: 'dead-link', me } : { kind: 'open', document: linked, me, linkToken };
  }
  const newcomer = me === null && signIn.guests ? await ports.becomeGuest() : null;
  const self = me ?? newcomer;
  if (self === null) return { kind: 'sign-in' };
  if (signIn.createOnOpen) {
    const made = await unlessRefused(ports.createDocument(id));
    if (made !== null) return { kind: 'open', document: made, me: self, linkToken: null };
  }
  return { kind: 'no-access', me: self };
}

/** What the server says no to in words that all mean the same here: not this one, not you. */
const REFUSALS = new Set([401, 403, 404, 409]);

async function unlessRefused(document: Promise<DocumentRow>): Promise<DocumentRow | null> {
  try {
    return await document;
  } catch (error) {
    if (error instanceof ApiProblem && error.status !== null && REFUSALS.has(error.status)) return null;
    throw error;
  }
}
