import type { Me, SignIn } from '../api/shapes.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine, field, form } from '../page/form.ts';
import { authClient, dataOf } from './auth-client.ts';
import { offerPasskeys } from './passkey-autofill.ts';

export type SignInPageOptions = {
  readonly kind: 'sign-in' | 'sign-up';
  readonly signIn: SignIn;
  /** The code of an invitation that came with the address. */
  readonly invitation: string | null;
  /** Where to go once signed in. */
  readonly next: string;
  /** Who signs in or up: nobody yet, a guest, or somebody who wants to be another. */
  readonly me: Me | null;
};

export type AccountFormPorts = {
  done(): void;
  /** The password was right, and the account wants a second factor. */
  askForCode(): void;
  signUp(): void;
  signIn(): void;
};

/** The limits of the server, told before the form is sent. */
export const PASSWORD_LENGTH = { minLength: 10, maxLength: 128 };

/** What stands on the page to sign in, and on the one to sign up. */
export function accountForms(options: SignInPageOptions, ports: AccountFormPorts) {
  return { signIn: () => signInForm(options, ports), signUp: () => signUpForm(options, ports) };
}

function signInForm(options: SignInPageOptions, ports: AccountFormPorts): HTMLElement[] {
  const email = field({ label: 'Email', name: 'email', type: 'email', autocomplete: 'username' });
  // "webauthn" makes browsers offer passkeys in the list of this field.
  email.input.setAttribute('autocomplete', 'username webauthn');
  const password = field({
    label: 'Password',
    name: 'password',
    type: 'password',
    autocomplete: 'current-password',
  });
  const byPassword = form({
    testId: 'sign-in',
    fields: [email.root, password.root],
    submit: 'Sign in',
    run: async () => {
      const wish = { email: email.input.value, password: password.input.value };
      const answer = await dataOf(authClient.signIn.email(wish));
      if ('twoFactorRedirect' in answer) ports.askForCode();
      else ports.done();
    },
  });
  const failure = failureLine();
  const others = element('div', { class: 'others' });
  if (window.PublicKeyCredential !== undefined) {
    others.append(
      actionButton('Use a passkey', { testId: 'passkey-sign-in' }, failure, async () => {
        await dataOf(authClient.signIn.passkey());
        ports.done();
      }),
    );
    void offerPasskeys(ports.done, failure.show);
  }
  for (const provider of options.signIn.providers) {
    others.append(
      actionButton(
        `Continue with ${PROVIDERS[provider]}`,
        { testId: `sign-in-${provider}` },
        failure,
        async () => {
          // Leaves the page. The address it comes back to has no fragment: the provider has no use for a link.
          const callbackURL = new URL(options.next, location.origin);
          callbackURL.hash = '';
          await dataOf(authClient.signIn.social({ provider, callbackURL: callbackURL.href }));
        },
      ),
    );
  }
  return [
    guestNote(options, 'Sign in, and what you wrote as a guest moves to your account.'),
    byPassword,
    ...(others.childElementCount > 0 ? [element('p', { class: 'or' }, 'or'), others] : []),
    failure.root,
    element('p', { class: 'aside' }, 'No account yet? ', linkButton('Sign up', 'go-sign-up', ports.signUp)),
    ...withoutAccount(options),
  ];
}

const PROVIDERS = { google: 'Google', github: 'GitHub' } as const;

function signUpForm(options: SignInPageOptions, ports: AccountFormPorts): HTMLElement[] {
  const name = field({
    label: 'Name',
    name: 'name',
    autocomplete: 'name',
    maxLength: 40,
    hint: 'Others see it beside what you write.',
  });
  const email = field({ label: 'Email', name: 'email', type: 'email', autocomplete: 'username' });
  const password = field({
    label: 'Password',
    name: 'password',
    type: 'password',
    autocomplete: 'new-password',
    hint: `At least ${PASSWORD_LENGTH.minLength} characters.`,
    ...PASSWORD_LENGTH,
  });
  const invitation = field({
    label: 'Invitation code',
    name: 'invitation',
    value: options.invitation ?? '',
    isOptional: true,
    hint: 'From the link that somebody sent you. Only the first account of a new server needs none.',
  });
  const wantsInvitation = options.signIn.registration === 'invitation' || options.invitation !== null;
  const signUp = form({
    testId: 'sign-up',
    fields: [name.root, email.root, password.root, ...(wantsInvitation ? [invitation.root] : [])],
    submit: 'Sign up',
    run: async () => {
      const wish = {
        name: name.input.value.trim(),
        email: email.input.value,
        password: password.input.value,
      };
      const code = invitation.input.value.trim();
      await dataOf(authClient.signUp.email(code === '' ? wish : { ...wish, ...{ invitation: code } }));
      ports.done();
    },
  });
  return [
    guestNote(options, 'Sign up, and what you wrote as a guest moves to your account.'),
    signUp,
    element(
      'p',
      { class: 'aside' },
      'You have an account? ',
      linkButton('Sign in', 'go-sign-in', ports.signIn),
    ),
    ...withoutAccount(options),
  ];
}

function guestNote({ me }: SignInPageOptions, text: string): HTMLElement {
  return element('p', { class: 'aside', ...(me?.kind === 'guest' ? {} : { hidden: '' }) }, text);
}

function withoutAccount({ signIn, me }: SignInPageOptions): HTMLElement[] {
  if (!signIn.guests || me !== null) return [];
  return [
    element(
      'p',
      { class: 'aside' },
      element('a', { href: '/', 'data-testid': 'as-guest' }, 'Write without an account'),
    ),
  ];
}

function linkButton(text: string, testId: string, run: () => void): HTMLButtonElement {
  const button = element('button', { type: 'button', class: 'link', 'data-testid': testId }, text);
  button.addEventListener('click', run);
  return button;
}
