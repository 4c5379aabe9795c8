import { createInvitation, deleteInvitation, listInvitations } from '../api/administration.ts';
import type { Invitation } from '../api/shapes.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine, field, form } from '../page/form.ts';
import { section } from '../page/plain-page.ts';
import { secretView } from '../page/secret-view.ts';
import { table, tableRow } from '../page/table.ts';
import { timeView } from '../page/time-view.ts';

/** Invitations: addresses at which one person each can sign up. */
export async function invitationSection(): Promise<HTMLElement> {
  const failure = failureLine();
  const { root, body } = table('Invitations', ['For', 'Made', 'State', '']);
  const made = element('div', { class: 'stack' });
  const reload = async () => {
    const invitations = await listInvitations();
    body.replaceChildren(...invitations.map((invitation) => invitationRow(invitation, reload, failure)));
    root.hidden = invitations.length === 0;
  };
  const email = field({
    label: 'Email of the person',
    name: 'invitation-email',
    type: 'email',
    isOptional: true,
    hint: 'Empty: whoever has the address can use it, once.',
  });
  const invite = form({
    testId: 'invite',
    isInline: true,
    fields: [email.root],
    submit: 'Invite',
    run: async () => {
      const address = email.input.value.trim();
      const { url } = await createInvitation(address === '' ? null : address);
      email.input.value = '';
      const about = 'Send this address to the person yourself. It is shown this once.';
      made.replaceChildren(element('p', {}, about), secretView('Invitation', url, 'invitation-url'));
      await reload();
    },
  });
  await reload().catch(failure.show);
  return section('Invitations', 'invitations', invite, made, root, failure.root);
}

function invitationRow(
  invitation: Invitation,
  reload: () => Promise<void>,
  failure: ReturnType<typeof failureLine>,
): HTMLElement {
  const { usedAt, expiresAt } = invitation;
  const isOver = usedAt !== null || Date.parse(expiresAt) <= Date.now();
  const state = element('span', {}, usedAt !== null ? 'used ' : isOver ? 'expired ' : 'expires ');
  state.append(timeView(usedAt ?? expiresAt));
  const who = invitation.email ?? 'Anybody';
  const options = { kind: 'quiet', testId: 'delete-invitation', describe: `Withdraw: ${who}` } as const;
  const withdraw = actionButton('Withdraw', options, failure, async () => {
    await deleteInvitation(invitation.id);
    await reload();
  });
  return tableRow('invitation', who, timeView(invitation.createdAt), state, isOver ? '' : withdraw);
}
