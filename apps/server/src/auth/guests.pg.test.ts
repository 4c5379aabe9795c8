import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Browser } from '../testing/browser-cookies.ts';
import { startTestAccounts, type TestAccounts } from '../testing/test-accounts.ts';

let accounts: TestAccounts;
let databaseUrl: string;
beforeAll(async () => {
  databaseUrl = await createDatabase(inject('postgresUrl'));
  accounts = await startTestAccounts({ databaseUrl });
});
afterAll(() => accounts.stop());

const form = (name: string) => ({ name, email: `${name}@example.com`, password: 'correct horse battery' });
const idOf = async (browser: Browser) =>
  (await accounts.auth.reader.read(browser.cookieHeader))?.userId ?? '';

async function guest(): Promise<Browser> {
  const browser = accounts.browser();
  expect((await browser.post('/api/auth/sign-in/anonymous')).status).toBe(200);
  return browser;
}

/** A document with the roles of some users. */
async function makeDocument(id: string, roles: Readonly<Record<string, string>>): Promise<void> {
  const [owner] = Object.keys(roles);
  const { db } = accounts.database;
  await db
    .insertInto('documents')
    .values({ id, title: '', created_by: `user:${owner}` })
    .execute();
  const grants = Object.entries(roles).map(([userId, role]) => ({
    doc_id: id,
    principal_id: `user:${userId}`,
    role,
    granted_by: null,
  }));
  await db.insertInto('document_grants').values(grants).execute();
}

const grantsOf = async (userId: string) => {
  const { db } = accounts.database;
  const rows = await db
    .selectFrom('document_grants')
    .select(['doc_id', 'role'])
    .where('principal_id', '=', `user:${userId}`)
    .orderBy('doc_id')
    .execute();
  return rows.map(({ doc_id, role }) => `${doc_id} ${role}`);
};

it('a guest is somebody without an address', async () => {
  const browser = await guest();
  expect(await accounts.auth.reader.read(browser.cookieHeader)).toMatchObject({
    kind: 'guest',
    isAdmin: false,
  });
  expect((await browser.get('/api/me')).body).toEqual({
    id: `user:${await idOf(browser)}`,
    kind: 'guest',
    name: 'Guest',
    email: null,
    isAdmin: false,
  });
  expect((await browser.post('/api/invitations')).status).toBe(403);
});

it('what a guest has moves to the account that they make, and the guest is gone', async () => {
  const browser = await guest();
  const guestId = await idOf(browser);
  const shown = browser.cookieHeader;
  await makeDocument('notes', { [guestId]: 'owner' });
  const { db } = accounts.database;
  await db.insertInto('agents').values({ id: 'helper', owner_id: guestId, name: 'Helper' }).execute();
  accounts.kicks.length = 0;

  expect((await browser.post('/api/auth/sign-up/email', form('ada'))).status).toBe(200);
  const userId = await idOf(browser);
  expect(userId).not.toBe(guestId);
  expect(await grantsOf(userId)).toEqual(['notes owner']);
  expect(await grantsOf(guestId)).toEqual([]);
  const [document] = await db.selectFrom('documents').selectAll().where('id', '=', 'notes').execute();
  expect(document?.created_by).toBe(`user:${userId}`);
  const [agent] = await db.selectFrom('agents').selectAll().where('id', '=', 'helper').execute();
  expect(agent?.owner_id).toBe(userId);

  expect(accounts.kicks).toContainEqual({ kind: 'user', userId: guestId });
  expect(await accounts.auth.reader.read(shown)).toBeNull();
  expect(await db.selectFrom('user').select('id').where('id', '=', guestId).execute()).toEqual([]);
});

it('what a guest has moves to the account that they sign in to, with the higher of two roles', async () => {
  const owner = accounts.browser();
  await owner.post('/api/auth/sign-up/email', form('bea'));
  const userId = await idOf(owner);
  const browser = await guest();
  const guestId = await idOf(browser);
  await makeDocument('a', { [userId]: 'viewer', [guestId]: 'editor' });
  await makeDocument('b', { [userId]: 'owner', [guestId]: 'viewer' });
  await makeDocument('c', { [userId]: 'editor', [guestId]: 'owner' });
  const wrong = { email: 'bea@example.com', password: 'another password' };
  expect((await browser.post('/api/auth/sign-in/email', wrong)).status).toBe(401);
  expect(await grantsOf(guestId)).toHaveLength(3);

  expect((await browser.post('/api/auth/sign-in/email', form('bea'))).status).toBe(200);
  expect(await idOf(browser)).toBe(userId);
  expect(await grantsOf(userId)).toEqual(['a editor', 'b owner', 'c owner']);
  expect(await grantsOf(guestId)).toEqual([]);
});

it('there are no guests where they are not wanted', async () => {
  const others = await startTestAccounts({ databaseUrl, config: { guestAccess: false } });
  try {
    expect(others.auth.features.guests).toBe(false);
    expect((await others.browser().post('/api/auth/sign-in/anonymous')).status).toBe(404);
  } finally {
    await others.stop();
  }
});
