import { RedisSessionStorage } from '@kryton/engine/sessions/redis-session-storage.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Browser } from '../testing/browser-cookies.ts';
import { startTestAccounts, TEST_AUTH, type TestAccounts } from '../testing/test-accounts.ts';
import { SessionCookie } from './session-cookie.ts';

/** Two nodes on one Redis and one PostgreSQL. */
let nodes: [TestAccounts, TestAccounts];
beforeAll(async () => {
  const databaseUrl = await createDatabase(inject('postgresUrl'));
  const start = async (name: string) => {
    const url = inject('redisUrl');
    const sessions = await RedisSessionStorage.connect({ url, name, onError: () => {} });
    return startTestAccounts({ databaseUrl, sessions });
  };
  const first = await start('a');
  nodes = [first, await start('b')];
  await signUp('admin');
});
afterAll(async () => {
  await Promise.all(
    nodes.map(async (node) => {
      await node.stop();
      await node.sessions.close();
    }),
  );
});

const PASSWORD = 'correct horse battery';
const cookie = new SessionCookie(TEST_AUTH.authSecret, false);
const tokenOf = (browser: Browser) => cookie.token(browser.cookieHeader) ?? '';
async function signUp(name: string): Promise<Browser> {
  const browser = nodes[0].browser();
  const form = { name, email: `${name}@example.com`, password: PASSWORD };
  expect((await browser.post('/api/auth/sign-up/email', form)).status).toBe(200);
  return browser;
}

it('a session that began on one node counts on the other, and ends there with the kick', async () => {
  const [here, there] = nodes;
  const browser = await signUp('ada');
  expect(await here.sessions.get(tokenOf(browser))).toContain('ada@example.com');
  expect(await there.auth.reader.read(browser.cookieHeader)).toMatchObject({ name: 'ada' });
  const shown = browser.cookieHeader;
  here.kicks.length = 0;
  await browser.post('/api/auth/sign-out');
  expect(await here.auth.reader.read(shown)).toBeNull();
  expect(here.kicks).toHaveLength(1);
  for (const kick of here.kicks) there.auth.reader.forget(kick);
  expect(await there.auth.reader.read(shown)).toBeNull();
});

it('of sessions that begin at once none is forgotten when they all end', async () => {
  const [here] = nodes;
  const browser = await signUp('bea');
  const others = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const other = here.browser();
      await other.post('/api/auth/sign-in/email', { email: 'bea@example.com', password: PASSWORD });
      return other;
    }),
  );
  const change = { currentPassword: PASSWORD, newPassword: 'staple battery horse' };
  expect((await browser.post('/api/auth/change-password', change)).status).toBe(200);
  for (const other of others) {
    expect(tokenOf(other)).not.toBe('');
    expect(await here.sessions.get(tokenOf(other))).toBeNull();
    expect(await here.auth.reader.read(other.cookieHeader)).toBeNull();
  }
  expect(await here.auth.reader.read(browser.cookieHeader)).toMatchObject({ name: 'bea' });
});

it('a session that is used goes on longer, in the database and in Redis', async () => {
  const [here, there] = nodes;
  const browser = await signUp('cleo');
  const token = tokenOf(browser);
  const soon = new Date(Date.now() + 5 * 86_400_000);
  const { db } = here.database;
  await db.updateTable('session').set({ expiresAt: soon }).where('token', '=', token).execute();
  const copy = JSON.parse((await here.sessions.get(token)) ?? '');
  copy.session.expiresAt = soon.toISOString();
  await here.sessions.set(token, JSON.stringify(copy), 5 * 86_400);
  expect((await browser.get('/api/auth/get-session')).body).toMatchObject({ user: { name: 'cleo' } });
  const row = await db
    .selectFrom('session')
    .select('expiresAt')
    .where('token', '=', token)
    .executeTakeFirst();
  expect((row?.expiresAt.getTime() ?? 0) - soon.getTime()).toBeGreaterThan(86_400_000);
  const extended = JSON.parse((await there.sessions.get(token)) ?? '');
  expect(Date.parse(extended.session.expiresAt)).toBeGreaterThan(soon.getTime() + 86_400_000);
});

it('both nodes count together', async () => {
  const victim = `victim-${crypto.randomUUID()}`;
  const [here, there] = nodes;
  const attempt = (node: TestAccounts) =>
    node.browser().post('/api/auth/sign-in/email', { email: victim, password: PASSWORD });
  for (let index = 0; index < 15; index += 1) {
    expect((await attempt(here)).status).toBe(400);
    expect((await attempt(there)).status).toBe(400);
  }
  expect((await attempt(here)).status).toBe(429);
  expect((await attempt(there)).status).toBe(429);
});
