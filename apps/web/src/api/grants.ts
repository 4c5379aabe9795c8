import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { request } from './request.ts';
import type { Grant, LinkRole, Role, ShareLink } from './shapes.ts';

export type Sharing = { readonly grants: readonly Grant[]; readonly link: ShareLink | null };

/** Who may open a document; for its owners. */
export function fetchSharing(id: DocId): Promise<Sharing> {
  return request<Sharing>(`/api/docs/${id}/grants`);
}

/** Gives `principal` (`user:<id>`, `agent:<id>` or `email:<address>`) a role, or another one. */
export async function grantRole(id: DocId, principal: string, role: Role): Promise<void> {
  await request(grantPath(id, principal), { method: 'PUT', body: { role } });
}

/** Lets everybody in who has the link; an existing link stays the same and changes its role. */
export async function openLink(id: DocId, role: LinkRole): Promise<void> {
  await request(grantPath(id, 'link'), { method: 'PUT', body: { role } });
}

/** Takes the role of `principal`, or of `link`, away. */
export async function removeGrant(id: DocId, principal: string): Promise<void> {
  await request(grantPath(id, principal), { method: 'DELETE' });
}

function grantPath(id: DocId, principal: string): string {
  return `/api/docs/${id}/grants/${encodeURIComponent(principal)}`;
}
