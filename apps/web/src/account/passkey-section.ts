import { confirmDanger, openDialog } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine, field, form } from '../page/form.ts';
import { section } from '../page/plain-page.ts';
import { timeView } from '../page/time-view.ts';
import { authClient, dataOf } from './auth-client.ts';

type Failure = ReturnType<typeof failureLine>;

type Passkey = { readonly id: string; readonly name?: string | undefined; readonly createdAt: Date | string };

/** Passkeys: add one, name it, remove it. */
export async function passkeySection(toast: (text: string) => void): Promise<HTMLElement> {
  const failure = failureLine();
  const list = element('ul', { class: 'rows', 'aria-label': 'Passkeys' });
  const none = element('p', { class: 'detail' }, 'None yet.');
  const reload = async () => {
    const passkeys: readonly Passkey[] = await dataOf(authClient.passkey.listUserPasskeys());
    list.replaceChildren(...passkeys.map((passkey) => passkeyRow(passkey, reload, failure)));
    none.hidden = passkeys.length > 0;
  };
  const name = field({ label: 'Name of the new passkey', name: 'passkey-name', maxLength: 60 });
  name.input.placeholder = 'Laptop, phone, security key…';
  const add = form({
    testId: 'add-passkey',
    isInline: true,
    fields: [name.root],
    submit: 'Add passkey',
    run: async () => {
      await dataOf<unknown>(authClient.passkey.addPasskey({ name: name.input.value.trim() }));
      name.input.value = '';
      await reload();
      toast('Passkey added');
    },
  });
  await reload().catch(failure.show);
  const about = element(
    'p',
    { class: 'detail' },
    'Sign in with the lock of your device or a security key instead of the password.',
  );
  const content =
    window.PublicKeyCredential === undefined
      ? [element('p', { class: 'detail' }, 'This browser cannot make passkeys here.')]
      : [add];
  return section('Passkeys', 'passkeys', about, list, none, ...content, failure.root);
}

function passkeyRow(passkey: Passkey, reload: () => Promise<void>, failure: Failure): HTMLElement {
  const name = passkey.name ? passkey.name : 'Passkey without a name';
  const detail = element('span', { class: 'detail' }, 'Added ');
  detail.append(timeView(new Date(passkey.createdAt).toISOString()));
  const remove = async () => {
    const question = {
      title: `Remove “${name}”?`,
      text: 'You can no longer sign in with it. Delete it from your device as well.',
      confirm: 'Remove',
    };
    if (!(await confirmDanger(question))) return;
    await dataOf<unknown>(authClient.passkey.deletePasskey({ id: passkey.id }));
    await reload();
  };
  return element(
    'li',
    { class: 'row', 'data-testid': 'passkey' },
    element('div', { class: 'row-text' }, element('span', { class: 'row-name' }, name), detail),
    element(
      'div',
      { class: 'row-actions' },
      actionButton(
        'Rename',
        { kind: 'quiet', testId: 'rename-passkey', describe: `Rename ${name}` },
        failure,
        () => rename(passkey, reload),
      ),
      actionButton(
        'Remove',
        { kind: 'quiet', testId: 'remove-passkey', describe: `Remove ${name}` },
        failure,
        remove,
      ),
    ),
  );
}

async function rename(passkey: Passkey, reload: () => Promise<void>): Promise<void> {
  await openDialog('Rename this passkey', 'rename-dialog', (close) => {
    const name = field({ label: 'Name', name: 'new-name', value: passkey.name ?? '', maxLength: 60 });
    const save = form({
      testId: 'rename-form',
      fields: [name.root],
      submit: 'Save',
      run: async () => {
        await dataOf<unknown>(
          authClient.passkey.updatePasskey({ id: passkey.id, name: name.input.value.trim() }),
        );
        await reload();
        close();
      },
    });
    return [save];
  });
}
