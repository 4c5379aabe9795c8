import { authClient, dataOf } from '../account/auth-client.ts';
import type { Me } from '../api/shapes.ts';
import { confirmDanger } from '../page/dialog.ts';
import { element } from '../page/element.ts';
import { actionButton, failureLine } from '../page/form.ts';
import { section } from '../page/plain-page.ts';
import { table, tableRow } from '../page/table.ts';
import { timeView } from '../page/time-view.ts';

const PAGE_SIZE = 50;

type User = {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role?: string | undefined;
  readonly banned: boolean | null;
  readonly createdAt: Date | string;
  readonly isAnonymous?: boolean | null;
};

/** Everybody with an account, and the switch that keeps one out. */
export async function userSection(me: Me): Promise<HTMLElement> {
  const failure = failureLine();
  const { root, body } = table('Users', ['Name', 'Email', 'Since', 'State', '']);
  const load = async () => {
    const query = {
      limit: PAGE_SIZE,
      offset: body.childElementCount,
      sortBy: 'createdAt',
      sortDirection: 'desc',
    } as const;
    const { users, total } = await dataOf(authClient.admin.listUsers({ query }));
    body.append(...users.map((user: User) => userRow(user, `user:${user.id}` === me.id, failure)));
    more.hidden = body.childElementCount >= total;
  };
  const more = actionButton('Show more', { testId: 'more-users' }, failure, load);
  more.hidden = true;
  await load().catch(failure.show);
  return section('Users', 'users', root, more, failure.root);
}

function userRow(user: User, isSelf: boolean, failure: ReturnType<typeof failureLine>): HTMLElement {
  const state = stateWords(user);
  const row = tableRow(
    'user',
    user.name,
    user.isAnonymous ? 'Guest' : user.email,
    timeView(new Date(user.createdAt).toISOString()),
    element('span', { class: user.banned ? 'chip bad' : 'chip', 'data-testid': 'user-state' }, state),
    isSelf ? '' : banButton(user, failure, (next) => row.replaceWith(userRow(next, isSelf, failure))),
  );
  return row;
}

function stateWords({ banned, role }: User): string {
  if (banned) return 'Disabled';
  return role === 'admin' ? 'Administrator' : 'Active';
}

function banButton(
  user: User,
  failure: ReturnType<typeof failureLine>,
  changed: (user: User) => void,
): HTMLElement {
  if (user.banned) {
    const options = { kind: 'quiet', testId: 'enable-user', describe: `Enable ${user.name}` } as const;
    return actionButton('Enable', options, failure, async () => {
      await dataOf<unknown>(authClient.admin.unbanUser({ userId: user.id }));
      changed({ ...user, banned: false });
    });
  }
  const options = { kind: 'quiet', testId: 'disable-user', describe: `Disable ${user.name}` } as const;
  return actionButton('Disable', options, failure, async () => {
    const question = {
      title: `Disable ${user.name}?`,
      text: 'They are signed out everywhere within seconds, and so are their agents. Their documents stay.',
      confirm: 'Disable',
    };
    if (!(await confirmDanger(question))) return;
    await dataOf<unknown>(authClient.admin.banUser({ userId: user.id }));
    changed({ ...user, banned: true });
  });
}
