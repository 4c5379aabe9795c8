import { element } from '../page/element.ts';
import { field, form } from '../page/form.ts';
import { authClient, dataOf } from './auth-client.ts';

/** Asks for the code of the second factor, or for one of the recovery codes. */
export function twoFactorForm(done: () => void): HTMLElement {
  const root = element('div', {});
  const show = (kind: 'code' | 'recovery') => {
    const isCode = kind === 'code';
    const code = field({
      label: isCode ? 'Code from your authenticator app' : 'Recovery code',
      name: 'code',
      autocomplete: isCode ? 'one-time-code' : 'off',
      inputMode: isCode ? 'numeric' : 'text',
      hint: isCode
        ? 'Six digits; they change every 30 seconds.'
        : 'One of the codes that you kept when you switched two-factor on. Each works once.',
    });
    const other = element(
      'button',
      { type: 'button', class: 'link', 'data-testid': 'other-code' },
      isCode ? 'Use a recovery code' : 'Use the authenticator app',
    );
    other.addEventListener('click', () => show(isCode ? 'recovery' : 'code'));
    const ask = form({
      testId: 'two-factor',
      fields: [code.root],
      submit: 'Continue',
      run: async () => {
        const wish = { code: code.input.value.replaceAll(' ', '') };
        await dataOf<unknown>(
          isCode ? authClient.twoFactor.verifyTotp(wish) : authClient.twoFactor.verifyBackupCode(wish),
        );
        done();
      },
    });
    root.replaceChildren(ask, element('p', { class: 'aside' }, other));
    code.input.focus();
  };
  show('code');
  return root;
}
