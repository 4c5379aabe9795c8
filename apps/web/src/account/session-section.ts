import { confirmDanger } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine } from '../page/form.ts';
import { section } from '../page/plain-page.ts';
import { timeView } from '../page/time-view.ts';
import { authClient, dataOf } from './auth-client.ts';
import { browserWords } from './browser-words.ts';

/** Where one is signed in, and the way to end that. */
export async function sessionSection(toast: (text: string) => void): Promise<HTMLElement> {
  const failure = failureLine();
  const list = element('ul', { class: 'rows', 'aria-label': 'Sessions' });
  const reload = async () => {
    const [sessions, own] = await Promise.all([
      dataOf(authClient.listSessions()),
      dataOf(authClient.getSession()),
    ]);
    const rows = sessions.toSorted(
      (one, other) => new Date(other.updatedAt).getTime() - new Date(one.updatedAt).getTime(),
    );
    list.replaceChildren(
      ...rows.map((session) => {
        const isThis = session.id === own.session.id;
        const name = browserWords(session.userAgent ?? '') + (isThis ? ' (this browser)' : '');
        const detail = element(
          'span',
          { class: 'detail' },
          session.ipAddress ? `${session.ipAddress} · signed in ` : 'Signed in ',
        );
        detail.append(timeView(new Date(session.createdAt).toISOString()));
        const row = element(
          'li',
          { class: 'row', 'data-testid': 'session' },
          element('div', { class: 'row-text' }, element('span', { class: 'row-name' }, name), detail),
        );
        if (!isThis) {
          const options = { kind: 'quiet', testId: 'end-session', describe: `Sign out ${name}` } as const;
          row.append(
            actionButton('Sign out', options, failure, async () => {
              await dataOf<unknown>(authClient.revokeSession({ token: session.token }));
              await reload();
            }),
          );
        }
        return row;
      }),
    );
  };
  const everywhere = actionButton(
    'Sign out everywhere',
    { kind: 'danger', testId: 'sign-out-everywhere' },
    failure,
    async () => {
      const question = {
        title: 'Sign out everywhere?',
        text: 'Every browser in which you are signed in is signed out within seconds, this one too.',
        confirm: 'Sign out everywhere',
      };
      if (!(await confirmDanger(question))) return;
      await dataOf<unknown>(authClient.revokeSessions());
      location.assign('/?page=sign-in');
    },
  );
  const others = actionButton(
    'Sign out everywhere else',
    { testId: 'sign-out-others' },
    failure,
    async () => {
      await dataOf<unknown>(authClient.revokeOtherSessions());
      await reload();
      toast('Signed out everywhere else');
    },
  );
  await reload().catch(failure.show);
  return section(
    'Sessions',
    'sessions',
    list,
    element('div', { class: 'buttons' }, others, everywhere),
    failure.root,
  );
}
