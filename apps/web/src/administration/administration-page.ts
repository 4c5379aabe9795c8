import { type PageVisit, plainPage } from '../page/plain-page.ts';
import { auditSection } from './audit-section.ts';
import { invitationSection } from './invitation-section.ts';
import { userSection } from './user-section.ts';

/** The page of those who run the server: who may come in, and what happened. */
export async function showAdministration(visit: PageVisit): Promise<void> {
  const page = plainPage(visit, 'administration');
  if (!visit.me.isAdmin) {
    page.content.textContent = 'Only administrators see this page.';
    return;
  }
  page.content.classList.add('wide');
  page.content.append(...(await Promise.all([userSection(visit.me), invitationSection(), auditSection()])));
}
