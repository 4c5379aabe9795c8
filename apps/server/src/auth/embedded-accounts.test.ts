import { type PgliteHost, startPglite } from '@kryton/engine/database/pglite-host.ts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestAccounts, type TestAccounts } from '../testing/test-accounts.ts';

const PASSWORD = 'correct horse battery';

let host: PgliteHost;
let accounts: TestAccounts;
beforeAll(async () => {
  host = await startPglite({ dataDir: null });
  accounts = await startTestAccounts({ databaseUrl: host.address, config: { registration: 'invitation' } });
  // As the other tests of the embedded database have: it takes seconds to start, more on a busy machine.
}, 60_000);
afterAll(async () => {
  await accounts.stop();
  await host.stop();
});

const signUp = (name: string, invitation?: string) =>
  accounts.browser().post('/api/auth/sign-up/email', {
    name,
    email: `${name}@example.com`,
    password: PASSWORD,
    invitation,
  });

// One transaction at a time: a hook that asked on a connection of its own would wait for the sign-up that waits for it.
it('on the embedded database several sign up at once, each with what comes with it', async () => {
  const first = await Promise.all([signUp('a'), signUp('b'), signUp('c')]);
  expect(first.map(({ status }) => status).toSorted()).toEqual([200, 403, 403]);
  const { code } = await accounts.auth.invitations.create({ expiresInSeconds: 60, createdBy: 'user:a' });
  const second = await Promise.all([signUp('d', code), signUp('e', code)]);
  expect(second.map(({ status }) => status).toSorted()).toEqual([200, 403]);
  const users = await accounts.database.db.selectFrom('user').select('role').execute();
  expect(users.map(({ role }) => role).toSorted()).toEqual(['admin', 'user']);
});

it('a guest of the embedded database writes at once', async () => {
  const browser = accounts.browser();
  expect((await browser.post('/api/auth/sign-in/anonymous')).status).toBe(200);
  expect(await accounts.auth.reader.read(browser.cookieHeader)).toMatchObject({
    kind: 'guest',
    name: 'Guest',
  });
});
