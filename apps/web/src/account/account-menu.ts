import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { problemText } from '../api/api-problem.ts';
import type { Me } from '../api/shapes.ts';
import { signOut } from '../api/visits.ts';
import { confirmDanger } from '../page/dialog.ts';
import { element, icon } from '../page/element.ts';
import { pageAddress, signInAddress } from '../places/place.ts';

export type Back = { readonly id: DocId; readonly linkToken: string | null };

/**
 * The button for everything about oneself, and the menu that it opens. `back` is the document to come back to after
 * signing in; null for the list.
 */
export function accountMenu(me: Me | null, back: Back | null): HTMLElement {
  const label = me === null ? 'Sign in' : me.kind === 'guest' ? 'Guest' : me.name;
  const button = element(
    'button',
    {
      type: 'button',
      class: 'button quiet square',
      popovertarget: 'account-menu',
      'aria-label': `Account: ${label}`,
      title: label,
      'data-testid': 'account-menu',
    },
    icon('person'),
  );
  const menu = element(
    'div',
    { id: 'account-menu', popover: '', class: 'menu', 'data-testid': 'account-menu-list' },
    ...introduction(me),
    ...links(me, back),
  );
  if (me !== null) menu.append(signOutButton(me));
  return element('div', { class: 'menu-anchor' }, button, menu);
}

function introduction(me: Me | null): HTMLElement[] {
  if (me === null) return [element('p', { class: 'menu-who' }, 'You are not signed in.')];
  if (me.kind === 'guest')
    return [
      element(
        'p',
        { class: 'menu-who' },
        element('strong', {}, 'You are a guest.'),
        ' ',
        'Your documents belong to this browser until you sign up.',
      ),
    ];
  const who = element(
    'p',
    { class: 'menu-who', 'data-testid': 'signed-in-as' },
    element('strong', {}, me.name),
  );
  if (me.email !== null) who.append(element('br'), me.email);
  return [who];
}

function links(me: Me | null, back: Back | null): HTMLElement[] {
  const link = (href: string, text: string, testId: string) =>
    element('a', { href, class: 'menu-item', 'data-testid': testId }, text);
  const documents = link('/', 'Documents', 'go-documents');
  const signIn = link(signInAddress('sign-in', back), 'Sign in', 'go-sign-in');
  if (me === null) return [signIn, link(signInAddress('sign-up', back), 'Sign up', 'go-sign-up')];
  if (me.kind === 'guest') {
    const signUp = link(signInAddress('sign-up', back), 'Sign up and keep your documents', 'go-sign-up');
    return [signUp, signIn, documents];
  }
  return [
    documents,
    link(pageAddress('account'), 'Account', 'go-account'),
    link(pageAddress('agents'), 'Agents and tokens', 'go-agents'),
    ...(me.isAdmin
      ? [
          link(pageAddress('administration'), 'Administration', 'go-administration'),
          link(pageAddress('cluster'), 'Cluster', 'go-cluster'),
        ]
      : []),
  ];
}

function signOutButton(me: Me): HTMLElement {
  const button = element(
    'button',
    { type: 'button', class: 'menu-item', 'data-testid': 'sign-out' },
    'Sign out',
  );
  const leave = async () => {
    if (me.kind === 'guest') {
      const question = {
        title: 'Sign out as a guest?',
        text: 'Nobody can sign in as this guest again: documents that only you can open are lost. Sign up first to keep them.',
        confirm: 'Sign out',
      };
      if (!(await confirmDanger(question))) return;
    }
    button.disabled = true;
    try {
      await signOut();
      location.assign(signInAddress('sign-in', null));
    } catch (error) {
      button.disabled = false;
      button.textContent = `Sign out – ${problemText(error)}`;
    }
  };
  button.addEventListener('click', () => void leave());
  return button;
}
