import { request } from './request.ts';

export type Invitation = {
  readonly id: string;
  readonly email: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly usedAt: string | null;
};

export async function listInvitations(): Promise<readonly Invitation[]> {
  return (await request<{ invitations: readonly Invitation[] }>('/api/invitations')).invitations;
}

/** The address that invites is in this answer and in none after it. */
export type MadeInvitation = { readonly id: string; readonly url: string; readonly expiresAt: string };

export function createInvitation(email: string | null): Promise<MadeInvitation> {
  return request<MadeInvitation>('/api/invitations', {
    method: 'POST',
    body: email === null ? {} : { email },
  });
}

export async function deleteInvitation(id: string): Promise<void> {
  await request(`/api/invitations/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

export type AuditEvent = {
  readonly id: string;
  readonly at: string;
  readonly kind: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly docId: string | null;
  readonly address: string | null;
  readonly node: string;
};

export type AuditPage = { readonly events: readonly AuditEvent[]; readonly nextBefore: string | null };

/** The newest events before `before`. */
export function listAuditEvents(before: string | null): Promise<AuditPage> {
  const query = new URLSearchParams({ limit: '50' });
  if (before !== null) query.set('before', before);
  return request<AuditPage>(`/api/admin/audit?${query}`);
}
