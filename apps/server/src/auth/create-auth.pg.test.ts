import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { getMigrations } from 'better-auth/db/migration';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Browser } from '../testing/browser-cookies.ts';
import { startTestAccounts, type TestAccounts } from '../testing/test-accounts.ts';
import type { SignedIn } from './session-reader.ts';

const PASSWORD = 'correct horse battery';

let accounts: TestAccounts;
beforeAll(async () => {
  accounts = await startTestAccounts({ databaseUrl: await createDatabase(inject('postgresUrl')) });
  // The first is admin; the others of this file are not.
  await signUp('admin');
});
afterAll(() => accounts.stop());

let admin: Browser;
async function signUp(name: string): Promise<Browser> {
  const browser = accounts.browser();
  const body = { name, email: `${name}@example.com`, password: PASSWORD };
  const answer = await browser.post('/api/auth/sign-up/email', body);
  expect(answer.status).toBe(200);
  if (name === 'admin') admin = browser;
  return browser;
}

async function signIn(name: string, password = PASSWORD): Promise<Browser> {
  const browser = accounts.browser();
  const answer = await browser.post('/api/auth/sign-in/email', { email: `${name}@example.com`, password });
  expect(answer.status).toBe(200);
  return browser;
}

const whoIs = (browser: Browser) => accounts.auth.reader.read(browser.cookieHeader);
async function expectSession(browser: Browser): Promise<SignedIn> {
  const session = await whoIs(browser);
  if (session === null) expect.fail('signed in');
  return session;
}
const newKicks = async (act: () => Promise<unknown>) => {
  accounts.kicks.length = 0;
  await act();
  return [...accounts.kicks];
};
const lastEvent = () => accounts.events.at(-1);

it('the tables are those that better-auth would make', async () => {
  const { toBeCreated, toBeAdded } = await getMigrations(accounts.auth.options);
  expect({ toBeCreated, toBeAdded }).toEqual({ toBeCreated: [], toBeAdded: [] });
});

describe('an account', () => {
  it('is made, signed out of and signed in to', async () => {
    const browser = await signUp('ada');
    expect(lastEvent()).toMatchObject({ kind: 'sign-up', details: { email: 'ada@example.com' } });
    const session = await expectSession(browser);
    expect(session).toMatchObject({ name: 'ada', email: 'ada@example.com', kind: 'user', isAdmin: false });
    const shown = browser.cookieHeader;

    const kicks = await newKicks(() => browser.post('/api/auth/sign-out'));
    expect(kicks).toEqual([{ kind: 'session', sessionId: session.sessionId }]);
    expect(lastEvent()).toMatchObject({ kind: 'sign-out', actor: `user:${session.userId}` });
    expect(browser.cookies.size).toBe(0);
    expect(await accounts.auth.reader.read(shown)).toBeNull();

    const again = await signIn('ada');
    expect(lastEvent()).toEqual({
      kind: 'sign-in',
      actor: `user:${session.userId}`,
      address: expect.stringMatching(/^203\.0\.113\.\d+$/),
      details: { method: 'password' },
    });
    expect((await expectSession(again)).userId).toBe(session.userId);
  });

  it('is not signed in to with another password, and that is noted', async () => {
    const browser = await signUp('bea');
    const wrong = { email: 'bea@example.com', password: 'another password' };
    const answer = await accounts.browser().post('/api/auth/sign-in/email', wrong);
    expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_EMAIL_OR_PASSWORD' } });
    expect(lastEvent()).toMatchObject({
      kind: 'sign-in-failed',
      details: { method: 'password', email: 'bea@example.com' },
    });
    expect(await whoIs(browser)).not.toBeNull();
  });

  it('needs a password of ten characters, and a name', async () => {
    const form = { name: 'x', email: 'short@example.com', password: 'ninechars' };
    const short = await accounts.browser().post('/api/auth/sign-up/email', form);
    expect(short).toMatchObject({ status: 400, body: { code: 'PASSWORD_TOO_SHORT' } });
    const browser = await signUp('nick');
    await browser.post('/api/auth/update-user', {
      name: `  Ni\u202eck\u0007${'k'.repeat(200)}`,
      image: 'javascript:alert(1)',
    });
    const { body } = await browser.get('/api/auth/get-session');
    expect(body).toMatchObject({ user: { name: `Nick${'k'.repeat(96)}`, image: null } });
    expect(await browser.post('/api/auth/update-user', { name: ' \u0007 ' })).toMatchObject({ status: 400 });
  });

  it('takes no role, and no other field that is not its own to set', async () => {
    const form = {
      name: 'eve',
      email: 'eve@example.com',
      password: PASSWORD,
      role: 'admin',
      isAnonymous: true,
    };
    const browser = accounts.browser();
    await browser.post('/api/auth/sign-up/email', form);
    const session = await whoIs(browser);
    expect(session === null || !session.isAdmin).toBe(true);
    const raised = await browser.post('/api/auth/update-user', { role: 'admin' });
    expect(raised.status).toBe(session === null ? 401 : 400);
  });
});

describe('sessions end, at once on this node and with a kick for the others:', () => {
  it('the others of a user whose password changes', async () => {
    const here = await signUp('cleo');
    const [there, elsewhere] = await Promise.all([signIn('cleo'), signIn('cleo')]);
    const { userId, sessionId } = await expectSession(here);
    await Promise.all([whoIs(there), whoIs(elsewhere)]);
    const change = { currentPassword: PASSWORD, newPassword: 'staple battery horse' };
    const kicks = await newKicks(() => here.post('/api/auth/change-password', change));
    expect(kicks).toEqual([{ kind: 'user', userId }]);
    expect(lastEvent()).toMatchObject({ kind: 'password-changed', subject: `user:${userId}` });
    expect(await Promise.all([whoIs(there), whoIs(elsewhere)])).toEqual([null, null]);
    expect(await whoIs(here)).toMatchObject({ sessionId });
    expect((await there.get('/api/auth/get-session')).body).toBeNull();
    await signIn('cleo', change.newPassword);
  });

  it('all of a user who is disabled, and there are no new ones until it is enabled', async () => {
    const here = await signUp('dan');
    const there = await signIn('dan');
    const { userId } = await expectSession(here);
    const kicks = await newKicks(() => admin.post('/api/auth/admin/ban-user', { userId, banReason: 'left' }));
    expect(kicks).toContainEqual({ kind: 'user', userId });
    expect(kicks.filter(({ kind }) => kind === 'session')).toHaveLength(2);
    expect(lastEvent()).toMatchObject({
      kind: 'user-disabled',
      subject: `user:${userId}`,
      details: { reason: 'left' },
    });
    expect(await Promise.all([whoIs(here), whoIs(there)])).toEqual([null, null]);
    const credentials = { email: 'dan@example.com', password: PASSWORD };
    expect(await accounts.browser().post('/api/auth/sign-in/email', credentials)).toMatchObject({
      status: 403,
      body: { code: 'BANNED_USER' },
    });
    await admin.post('/api/auth/admin/unban-user', { userId });
    expect(lastEvent()).toMatchObject({ kind: 'user-enabled', subject: `user:${userId}` });
    await signIn('dan');
  });

  it('those that are revoked, one, the others, all', async () => {
    const browsers = [await signUp('eli'), await signIn('eli'), await signIn('eli'), await signIn('eli')];
    const [first, second] = browsers;
    if (first === undefined || second === undefined) expect.fail('four browsers');
    const { userId } = await expectSession(first);
    const { sessionId } = await expectSession(second);
    const sessions = (await first.get('/api/auth/list-sessions')).body as { id: string; token: string }[];
    const token = sessions.find(({ id }) => id === sessionId)?.token;
    const one = await newKicks(() => first.post('/api/auth/revoke-session', { token }));
    expect(one).toEqual([{ kind: 'session', sessionId }]);
    expect(await whoIs(second)).toBeNull();
    const others = await newKicks(() => first.post('/api/auth/revoke-other-sessions'));
    expect(others).toContainEqual({ kind: 'user', userId });
    const still = await Promise.all(browsers.map(async (browser) => (await whoIs(browser)) !== null));
    expect(still).toEqual([true, false, false, false]);
    const all = await newKicks(() => first.post('/api/auth/revoke-sessions'));
    expect(all).toContainEqual({ kind: 'user', userId });
    expect(await whoIs(first)).toBeNull();
  });

  it('more of them than better-auth tells its hooks of', async () => {
    const here = await signUp('flo');
    const { userId } = await expectSession(here);
    const there = await signIn('flo');
    await accounts.database.db
      .insertInto('session')
      .values(
        Array.from({ length: 150 }, (_, index) => ({
          id: `flo-${index}`,
          userId,
          token: `flo-token-${index}`,
          expiresAt: new Date(Date.now() + 60_000),
          updatedAt: new Date(),
        })),
      )
      .execute();
    await here.post('/api/auth/revoke-other-sessions');
    expect(await whoIs(there)).toBeNull();
    const { body } = await here.get('/api/auth/list-sessions');
    expect(body).toHaveLength(1);
  });

  it('those of a user who is removed, with everything that was granted to it', async () => {
    const browser = await signUp('gus');
    const { userId } = await expectSession(browser);
    const { db } = accounts.database;
    await db.insertInto('documents').values({ id: 'of-gus', title: '', created_by: null }).execute();
    await db
      .insertInto('document_grants')
      .values({ doc_id: 'of-gus', principal_id: `user:${userId}`, role: 'owner', granted_by: null })
      .execute();
    const kicks = await newKicks(() => admin.post('/api/auth/admin/remove-user', { userId }));
    expect(kicks).toContainEqual({ kind: 'user', userId });
    expect(lastEvent()).toMatchObject({ kind: 'user-deleted', subject: `user:${userId}` });
    expect(await whoIs(browser)).toBeNull();
    expect(
      await db.selectFrom('document_grants').selectAll().where('doc_id', '=', 'of-gus').execute(),
    ).toEqual([]);
  });

  it('not those of a user whose role changes: they are read anew', async () => {
    const browser = await signUp('hal');
    const { userId, sessionId } = await expectSession(browser);
    const set = (role: string) => admin.post('/api/auth/admin/set-role', { userId, role });
    const kicks = await newKicks(() => set('admin'));
    expect(kicks).toEqual([{ kind: 'user', userId }]);
    expect(lastEvent()).toMatchObject({ kind: 'role-changed', details: { role: 'admin' } });
    expect(await whoIs(browser)).toMatchObject({ sessionId, isAdmin: true });
    await set('user');
    expect(await whoIs(browser)).toMatchObject({ sessionId, isAdmin: false });
  });
});

it('an admin sees who has an account, the newest first, a page at a time', async () => {
  await signUp('ivy');
  const list = (query: string) =>
    admin.get(`/api/auth/admin/list-users?sortBy=createdAt&sortDirection=desc&${query}`);
  const { body } = await list('limit=1');
  expect(body).toMatchObject({
    users: [{ name: 'ivy', email: 'ivy@example.com' }],
    total: expect.any(Number),
  });
  const all = await list('limit=100');
  expect(all.body).toMatchObject({
    users: expect.arrayContaining([expect.objectContaining({ name: 'admin' })]),
  });
  const ivy = accounts.browser();
  await ivy.post('/api/auth/sign-in/email', { email: 'ivy@example.com', password: PASSWORD });
  expect((await ivy.get('/api/auth/admin/list-users')).status).toBe(403);
});

it('nothing of a password or a session is in the log', () => {
  expect(accounts.warnings.join('\n')).not.toContain(PASSWORD);
  for (const value of admin.cookies.values()) expect(accounts.warnings.join('\n')).not.toContain(value);
});
