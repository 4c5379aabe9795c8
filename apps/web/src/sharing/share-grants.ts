import type { Grant, Me, Role } from '../api/shapes.ts';
import { confirmDanger } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { select } from '../page/form.ts';
import { ROLE_CHOICES } from './role-words.ts';

export type GrantActions = {
  changeRole(principal: string, role: Role): Promise<void>;
  remove(principal: string): Promise<void>;
};

const LEAVE = {
  title: 'Leave this document?',
  text: 'You can no longer open it then, unless another owner adds you again.',
  confirm: 'Leave',
};

/** Those who may open the document by name, with what can be done about each. */
export function grantRows(
  grants: readonly Grant[],
  me: Me | null,
  actions: GrantActions,
): readonly HTMLElement[] {
  return grants.map((grant) => grantRow(grant, grant.principalId === me?.id, actions));
}

function grantRow(grant: Grant, isSelf: boolean, actions: GrantActions): HTMLElement {
  const who = isSelf ? `${grant.name} (you)` : grant.name;
  const detail = grant.kind === 'agent' ? 'Agent' : (grant.email ?? 'Guest');
  const role = select<Role>(`Role of ${grant.name}`, ROLE_CHOICES, grant.role, 'grant-role');
  role.root.addEventListener('change', () => void actions.changeRole(grant.principalId, role.value()));
  const remove = element(
    'button',
    {
      type: 'button',
      class: 'button quiet',
      'data-testid': 'grant-remove',
      'aria-label': isSelf ? 'Leave this document' : `Remove ${grant.name}`,
    },
    isSelf ? 'Leave' : 'Remove',
  );
  const leaveOrRemove = async () => {
    if (isSelf && !(await confirmDanger(LEAVE))) return;
    remove.disabled = true;
    await actions.remove(grant.principalId);
  };
  remove.addEventListener('click', () => void leaveOrRemove());
  return element(
    'li',
    { class: 'row', 'data-testid': 'grant' },
    element(
      'div',
      { class: 'row-text' },
      element('span', { class: 'row-name' }, who),
      element('span', { class: 'detail' }, detail),
    ),
    element('div', { class: 'row-actions' }, role.root, remove),
  );
}
