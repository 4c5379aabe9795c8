import { element } from '../page/element.ts';
import { field, form } from '../page/form.ts';
import { section } from '../page/plain-page.ts';
import { secretView } from '../page/secret-view.ts';
import { authClient, dataOf } from './auth-client.ts';

/** Two-factor: off, being switched on, or on. */
export async function twoFactorSection(): Promise<HTMLElement> {
  const content = element('div', { class: 'stack' });
  const session = await authClient.getSession();
  const isOn = session.data?.user.twoFactorEnabled === true;
  const show = (...children: readonly HTMLElement[]) => content.replaceChildren(...children);
  const showOff = () => {
    show(
      about('Off. With it, signing in with the password also asks for a code from an app on your phone.'),
      passwordForm('enable-two-factor', 'Switch on', async (password) => {
        const answer = await dataOf(authClient.twoFactor.enable({ password }));
        if (answer.method === 'totp') showSetup(answer);
      }),
    );
  };
  const showSetup = ({ totpURI, backupCodes }: { totpURI: string; backupCodes: readonly string[] }) => {
    const code = field({
      label: 'Code from the app',
      name: 'code',
      autocomplete: 'one-time-code',
      inputMode: 'numeric',
    });
    show(
      about('1. Enter this key in your authenticator app, or open the address with it.'),
      secretView('Key', new URL(totpURI).searchParams.get('secret') ?? '', 'totp-secret'),
      secretView('Address', totpURI, 'totp-uri'),
      about(
        '2. Keep these recovery codes where you find them without your phone. Each lets you in once; they are shown only now.',
      ),
      secretView('Recovery codes', backupCodes.join('\n'), 'recovery-codes'),
      about('3. Enter the code that the app shows.'),
      form({
        testId: 'confirm-two-factor',
        fields: [code.root],
        submit: 'Confirm',
        run: async () => {
          await dataOf<unknown>(
            authClient.twoFactor.verifyTotp({ code: code.input.value.replaceAll(' ', '') }),
          );
          showOn();
        },
      }),
    );
  };
  const showOn = () => {
    show(
      about('On. Signing in with the password asks for a code from your authenticator app.'),
      passwordForm('disable-two-factor', 'Switch off', async (password) => {
        await dataOf<unknown>(authClient.twoFactor.disable({ password }));
        showOff();
      }),
    );
  };
  if (isOn) showOn();
  else showOff();
  return section('Two-factor', 'two-factor-section', content);
}

function about(text: string): HTMLElement {
  return element('p', { class: 'detail' }, text);
}

function passwordForm(
  testId: string,
  submit: string,
  run: (password: string) => Promise<void>,
): HTMLFormElement {
  const password = field({
    label: 'Your password',
    name: 'two-factor-password',
    type: 'password',
    autocomplete: 'current-password',
  });
  return form({
    testId,
    isInline: true,
    fields: [password.root],
    submit,
    run: () => run(password.input.value),
  });
}
