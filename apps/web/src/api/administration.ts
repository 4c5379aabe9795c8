import { answerOf, api } from './answer-of.ts';
import type { AuditPage, Invitation, MadeInvitation } from './shapes.ts';

const PAGE_SIZE = 50;

export async function listInvitations(): Promise<readonly Invitation[]> {
  return (await answerOf(api.GET('/api/invitations'))).invitations;
}

/** The address that invites is in this answer and in none after it. */
export function createInvitation(email: string | null): Promise<MadeInvitation> {
  return answerOf(api.POST('/api/invitations', { body: email === null ? {} : { email } }));
}

export async function deleteInvitation(id: string): Promise<void> {
  await answerOf(api.DELETE('/api/invitations/{id}', { params: { path: { id } } }));
}

/** The newest events before `before`. */
export function listAuditEvents(before: string | null): Promise<AuditPage> {
  const query = { limit: PAGE_SIZE, ...(before !== null && { before }) };
  return answerOf(api.GET('/api/admin/audit', { params: { query } }));
}
