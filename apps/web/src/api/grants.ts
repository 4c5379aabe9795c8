import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { answerOf, api } from './answer-of.ts';
import type { LinkRole, Role, Sharing } from './shapes.ts';

const GRANT = '/api/docs/{docId}/grants/{principalId}';

/** Who may open a document; for its owners. */
export function fetchSharing(docId: DocId): Promise<Sharing> {
  return answerOf(api.GET('/api/docs/{docId}/grants', { params: { path: { docId } } }));
}

/** Gives `principal` (`user:<id>`, `agent:<id>` or `email:<address>`) a role, or another one. */
export async function grantRole(docId: DocId, principal: string, role: Role): Promise<void> {
  const path = { docId, principalId: principal };
  await answerOf(api.PUT(GRANT, { params: { path }, body: { role } }));
}

/** Lets everybody in who has the link; an existing link stays the same and changes its role. */
export function openLink(docId: DocId, role: LinkRole): Promise<void> {
  return grantRole(docId, 'link', role);
}

/** Takes the role of `principal`, or of `link`, away. */
export async function removeGrant(docId: DocId, principal: string): Promise<void> {
  const path = { docId, principalId: principal };
  await answerOf(api.DELETE(GRANT, { params: { path } }));
}
