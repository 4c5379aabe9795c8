import { element, icon } from '../page/element.ts';
import { themeButton } from '../page/theme.ts';
import { accountForms, type SignInPageOptions } from './account-forms.ts';
import { twoFactorForm } from './two-factor-form.ts';

/** The page to sign in or up at; it goes on to `next` by itself. */
export function showSignInPage(parent: HTMLElement, options: SignInPageOptions): void {
  const card = element('div', { class: 'card entrance' });
  const done = () => {
    history.replaceState(null, '', options.next);
    location.reload();
  };
  const show = (title: string, content: readonly HTMLElement[]) => {
    document.title = `${title} – Kryton`;
    card.replaceChildren(element('h1', {}, title), ...content);
    const first = card.querySelector<HTMLInputElement>('input:not([value])');
    first?.focus();
  };
  const forms = accountForms(options, {
    done,
    askForCode: () => show('One more step', [twoFactorForm(done)]),
    signUp: () => show('Sign up', forms.signUp()),
    signIn: () => show('Sign in', forms.signIn()),
  });
  parent.replaceChildren(
    element('div', { class: 'corner' }, themeButton()),
    element('main', { class: 'entrance-page' }, wordmark(), card),
  );
  if (options.kind === 'sign-up') show('Sign up', forms.signUp());
  else show('Sign in', forms.signIn());
}

function wordmark(): HTMLElement {
  return element(
    'p',
    { class: 'wordmark' },
    element('span', { class: 'logo', 'aria-hidden': 'true' }, icon('mark')),
    'Kryton',
  );
}
