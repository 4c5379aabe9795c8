import type { Me } from '../api/shapes.ts';
import { element } from '../page/element.ts';
import { field, form } from '../page/form.ts';
import { type PageVisit, type PlainPage, plainPage, section } from '../page/plain-page.ts';
import { signInAddress } from '../places/place.ts';
import { PASSWORD_LENGTH } from './account-forms.ts';
import { authClient, dataOf } from './auth-client.ts';
import { passkeySection } from './passkey-section.ts';
import { sessionSection } from './session-section.ts';
import { twoFactorSection } from './two-factor-section.ts';

/** The page on which one changes one's name and how one signs in. */
export async function showAccount(visit: PageVisit): Promise<void> {
  const page = plainPage(visit, 'account');
  if (visit.me.kind === 'guest') {
    page.content.append(guestSection());
    return;
  }
  page.content.append(profileSection(visit.me, page), passwordSection(visit.me, page));
  page.content.append(
    await passkeySection(page.toast),
    await twoFactorSection(),
    await sessionSection(page.toast),
  );
}

function guestSection(): HTMLElement {
  return section(
    'You are a guest',
    'guest',
    element('p', {}, 'Sign up to keep your documents and open them elsewhere.'),
    element('a', { href: signInAddress('sign-up', null), class: 'button primary' }, 'Sign up'),
  );
}

function profileSection(me: Me, page: PlainPage): HTMLElement {
  const name = field({
    label: 'Name',
    name: 'name',
    value: me.name,
    autocomplete: 'name',
    maxLength: 40,
    hint: 'Others see it beside what you write. Documents that are open take it over when they are opened again.',
  });
  const save = form({
    testId: 'profile-form',
    fields: [name.root],
    submit: 'Save',
    run: async () => {
      await dataOf(authClient.updateUser({ name: name.input.value.trim() }));
      page.toast('Name saved');
    },
  });
  const email = element('p', { class: 'detail' }, `You sign in as ${me.email ?? 'nobody'}.`);
  return section('Profile', 'profile', email, save);
}

function passwordSection(me: Me, page: PlainPage): HTMLElement {
  const current = field({
    label: 'Current password',
    name: 'current-password',
    type: 'password',
    autocomplete: 'current-password',
  });
  const next = field({
    label: 'New password',
    name: 'new-password',
    type: 'password',
    autocomplete: 'new-password',
    hint: `At least ${PASSWORD_LENGTH.minLength} characters. Everywhere else you are signed out.`,
    ...PASSWORD_LENGTH,
  });
  // Password managers file the new password under this name.
  const username = element('input', {
    type: 'email',
    name: 'username',
    autocomplete: 'username',
    value: me.email ?? '',
    readonly: '',
    hidden: '',
  });
  const change = form({
    testId: 'password-form',
    fields: [username, current.root, next.root],
    submit: 'Change password',
    run: async () => {
      const wish = {
        currentPassword: current.input.value,
        newPassword: next.input.value,
        revokeOtherSessions: true,
      };
      await dataOf(authClient.changePassword(wish));
      current.input.value = '';
      next.input.value = '';
      page.toast('Password changed');
    },
  });
  return section('Password', 'password-section', change);
}
