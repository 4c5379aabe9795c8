import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterEach, describe, expect, inject, it } from 'vitest';
import type { BrowserAnswer } from '../testing/browser-cookies.ts';
import { startTestAccounts, type TestAccounts, type TestAccountsOptions } from '../testing/test-accounts.ts';
import { JoinedTransactions } from './joined-transactions.ts';
import { Registration } from './registration.ts';

let accounts: TestAccounts;
afterEach(() => accounts.stop());

async function start(registration: 'open' | 'invitation', options: Partial<TestAccountsOptions> = {}) {
  const databaseUrl = await createDatabase(inject('postgresUrl'));
  accounts = await startTestAccounts({ databaseUrl, config: { registration }, ...options });
}

const signUp = (name: string, invitation?: string): Promise<BrowserAnswer> =>
  accounts.browser().post('/api/auth/sign-up/email', {
    name,
    email: `${name}@example.com`,
    password: 'correct horse battery',
    invitation,
  });
const invite = async (options: { email?: string; expiresInSeconds?: number } = {}) =>
  (await accounts.auth.invitations.create({ expiresInSeconds: 60, createdBy: 'user:admin', ...options }))
    .code;
const statuses = (answers: BrowserAnswer[]) => answers.map(({ status }) => status).toSorted();
const users = () =>
  accounts.database.db.selectFrom('user').select(['email', 'role']).orderBy('email').execute();
const REFUSED = { status: 403, body: { code: 'INVITATION_REQUIRED' } };

describe('the first of all', () => {
  it('is admin, one of twenty who come at once', async () => {
    await start('open');
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => signUp(`user-${index}`)));
    expect(statuses(answers)).toEqual(Array.from({ length: 20 }, () => 200));
    const roles = (await users()).map(({ role }) => role);
    expect(roles.toSorted()).toEqual(['admin', ...Array.from({ length: 19 }, () => 'user')]);
  });

  it('is admin only when it is stored: of two with one address one is, once', async () => {
    await start('open');
    const answers = await Promise.all([signUp('twin'), signUp('twin')]);
    expect(statuses(answers)).toEqual([200, 422]);
    expect(await users()).toEqual([{ email: 'twin@example.com', role: 'admin' }]);
  });

  it('needs no invitation, and is no guest', async () => {
    await start('invitation');
    expect((await accounts.browser().post('/api/auth/sign-in/anonymous')).status).toBe(200);
    expect(await signUp('ada')).toMatchObject({ status: 200, body: { user: { role: 'admin' } } });
    expect(await signUp('bob')).toMatchObject(REFUSED);
  });
});

describe('an invitation', () => {
  it('lets one in, however many come with it at once', async () => {
    await start('invitation');
    await signUp('first');
    const code = await invite();
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => signUp(`u${index}`, code)));
    expect(statuses(answers)).toEqual([200, ...Array.from({ length: 9 }, () => 403)]);
    expect(await users()).toHaveLength(2);
    const used = await accounts.database.db.selectFrom('invitations').selectAll().execute();
    const { id } = await accounts.database.db
      .selectFrom('user')
      .select('id')
      .where('email', '!=', 'first@example.com')
      .executeTakeFirstOrThrow();
    expect(used).toMatchObject([{ used_by: id, used_at: expect.any(Date) }]);
    expect(used[0]?.code_hash.toString('base64url')).not.toContain(code);
  });

  it('is good for the address that it names, until it expires or is taken back', async () => {
    let now = Date.now();
    await start('invitation', { now: () => now });
    await signUp('first');
    const code = await invite({ email: 'Ada@example.com' });
    expect(await signUp('bob', code)).toMatchObject(REFUSED);
    expect(await signUp('bob', 'no such code')).toMatchObject(REFUSED);
    expect(await signUp('ada', code)).toMatchObject({ status: 200, body: { user: { role: 'user' } } });

    const late = await invite();
    now += 61_000;
    expect(await signUp('late', late)).toMatchObject(REFUSED);
    const taken = await invite();
    const [newest] = await accounts.auth.invitations.list();
    expect(await accounts.auth.invitations.delete(newest?.id ?? '')).toBe(true);
    expect(await signUp('late', taken)).toMatchObject(REFUSED);
  });

  it('is not used up by a sign-up that comes to nothing', async () => {
    await start('invitation');
    await signUp('ada');
    const code = await invite();
    expect((await signUp('ada', code)).status).toBe(422);
    expect((await accounts.auth.invitations.list())[0]?.usedAt).toBeNull();
    expect((await signUp('bob', code)).status).toBe(200);
  });

  it('by its address lets somebody in for whom a provider vouches', async () => {
    await start('invitation');
    await signUp('first');
    await invite({ email: 'ada@example.com' });
    const transactions = new JoinedTransactions(accounts.database.db);
    const registration = new Registration({
      mode: 'invitation',
      transactions,
      invitations: accounts.auth.invitations,
    });
    const admit = (emailVerified: boolean) =>
      registration.admit({ id: 'ada', email: 'ada@example.com', emailVerified }, { kind: 'provider' });
    await expect(admit(false)).rejects.toMatchObject({ statusCode: 403 });
    await expect(admit(true)).resolves.toBe('user');
    await expect(admit(true)).rejects.toMatchObject({ statusCode: 403 });
  });
});

describe('/api/invitations', () => {
  it('is for admins', async () => {
    await start('invitation');
    const admin = accounts.browser();
    const form = { name: 'ada', email: 'ada@example.com', password: 'correct horse battery' };
    await admin.post('/api/auth/sign-up/email', form);
    const made = await admin.post('/api/invitations', { email: 'bob@example.com' });
    const code = (made.body as { code: string }).code;
    expect(made).toMatchObject({ status: 201, body: { url: `http://docs.example.com/#invitation=${code}` } });
    const expiresAt = Date.parse((made.body as { expiresAt: string }).expiresAt);
    expect(expiresAt - Date.now()).toBeGreaterThan(6 * 86_400_000);
    expect(accounts.events.at(-1)).toMatchObject({ kind: 'invitation-created' });
    expect(JSON.stringify(accounts.events)).not.toContain(code);

    const bob = accounts.browser();
    await bob.post('/api/auth/sign-up/email', { ...form, email: 'bob@example.com', invitation: code });
    const { body } = await admin.get('/api/invitations');
    expect(body).toMatchObject({ invitations: [{ email: 'bob@example.com', usedAt: expect.any(String) }] });
    expect(JSON.stringify(body)).not.toContain(code);

    expect(await bob.get('/api/invitations')).toMatchObject({ status: 403 });
    expect(await bob.post('/api/invitations')).toMatchObject({ status: 403 });
    expect(await accounts.browser().get('/api/invitations')).toMatchObject({ status: 401 });
    expect(await admin.post('/api/invitations', { expiresInSeconds: 1 })).toMatchObject({ status: 400 });
    const [{ id }] = (body as { invitations: [{ id: string }] }).invitations;
    expect((await admin.send('DELETE', `/api/invitations/${id}`)).status).toBe(204);
    expect((await admin.send('DELETE', `/api/invitations/${id}`)).status).toBe(404);
  });
});
