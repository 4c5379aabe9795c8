import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { fetchSharing, grantRole, openLink, removeGrant } from '../api/grants.ts';
import type { Me, Role, Sharing } from '../api/shapes.ts';
import { openDialog } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { failureLine, field, form, select } from '../page/form.ts';
import { ROLE_CHOICES } from './role-words.ts';
import { grantRows } from './share-grants.ts';
import { linkSection } from './share-link.ts';

export type ShareDialogOptions = {
  readonly docId: DocId;
  readonly title: string;
  readonly me: Me | null;
  copyLink(token: string, copied: () => void): void;
};

/** The dialog in which an owner sees and changes who may open the document. Every change holds at once. */
export function openShareDialog({ docId, title, me, copyLink }: ShareDialogOptions): void {
  const failure = failureLine();
  const people = element('ul', { class: 'rows', 'aria-label': 'People', 'data-testid': 'grants' });
  const link = element('div', {});
  const show = (sharing: Sharing) => {
    people.replaceChildren(...grantRows(sharing.grants, me, { changeRole, remove }));
    link.replaceChildren(linkSection(sharing.link, { setLink, renewLink, copyLink }));
  };
  const reload = async () => show(await fetchSharing(docId));
  /** What is shown is what the server says afterwards, also when it refused. */
  const change = async (run: () => Promise<void>) => {
    failure.clear();
    try {
      await run();
    } catch (error) {
      failure.show(error);
    }
    await reload().catch(failure.show);
  };
  const changeRole = (principal: string, role: Role) => change(() => grantRole(docId, principal, role));
  const remove = (principal: string) => change(() => removeGrant(docId, principal));
  const setLink = (role: Role | null) =>
    change(() => (role === null || role === 'owner' ? removeGrant(docId, 'link') : openLink(docId, role)));
  const renewLink = (role: Exclude<Role, 'owner'>) =>
    change(async () => {
      await removeGrant(docId, 'link');
      await openLink(docId, role);
    });

  void openDialog(title === '' ? 'Share this document' : `Share “${title}”`, 'share-dialog', () => [
    addForm(async (email, role) => {
      await grantRole(docId, `email:${email}`, role).catch((error) =>
        Promise.reject(explained(error, email)),
      );
      await reload();
    }),
    failure.root,
    people,
    link,
  ]);
  void reload().catch(failure.show);
}

/** The server says no more than that there is nothing. */
function explained(error: unknown, email: string): unknown {
  if (!(error instanceof ApiProblem) || error.status !== 404) return error;
  return new Error(`nobody here has the address ${email}: they sign up first, or you send them the link`);
}

function addForm(add: (email: string, role: Role) => Promise<void>): HTMLElement {
  const email = field({ label: 'Add somebody by email', name: 'email', type: 'email' });
  const role = select<Role>('Role', ROLE_CHOICES, 'editor', 'role');
  const root = form({
    testId: 'add-person',
    isInline: true,
    fields: [email.root, role.root],
    submit: 'Add',
    run: async () => {
      await add(email.input.value.trim(), role.value());
      email.input.value = '';
      email.input.focus();
    },
  });
  return root;
}
