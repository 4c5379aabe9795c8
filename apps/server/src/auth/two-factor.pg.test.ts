import { createHmac } from 'node:crypto';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startTestAccounts, type TestAccounts } from '../testing/test-accounts.ts';

const PASSWORD = 'correct horse battery';
const credentials = { email: 'ada@example.com', password: PASSWORD };

let accounts: TestAccounts;
beforeAll(async () => {
  accounts = await startTestAccounts({ databaseUrl: await createDatabase(inject('postgresUrl')) });
});
afterAll(() => accounts.stop());

it('a second factor is enrolled, asked for, and switched off', async () => {
  const here = accounts.browser();
  await here.post('/api/auth/sign-up/email', { ...credentials, name: 'Ada' });
  const enabled = await here.post('/api/auth/two-factor/enable', { password: PASSWORD });
  const { totpURI, backupCodes } = enabled.body as { totpURI: string; backupCodes: string[] };
  expect(totpURI).toMatch(/^otpauth:\/\/totp\/Kryton/);
  // Not before a code has proved that the second factor works.
  expect(await accounts.browser().post('/api/auth/sign-in/email', credentials)).toMatchObject({
    body: { token: expect.any(String) },
  });
  expect((await here.post('/api/auth/two-factor/verify-totp', { code: totp(totpURI) })).status).toBe(200);
  expect(accounts.events.at(-1)).toMatchObject({ kind: 'two-factor-changed', details: { enabled: true } });

  const there = accounts.browser();
  accounts.events.length = 0;
  expect(await there.post('/api/auth/sign-in/email', credentials)).toMatchObject({
    status: 200,
    body: { twoFactorRedirect: true, twoFactorMethods: ['totp'] },
  });
  expect(await accounts.auth.reader.read(there.cookieHeader)).toBeNull();
  expect(accounts.events).toEqual([]);
  expect((await there.post('/api/auth/two-factor/verify-totp', { code: '000000' })).status).toBe(401);
  expect(accounts.events.at(-1)).toMatchObject({
    kind: 'sign-in-failed',
    details: { method: 'second factor' },
  });
  expect((await there.post('/api/auth/two-factor/verify-totp', { code: totp(totpURI) })).status).toBe(200);
  expect(accounts.events.at(-1)).toMatchObject({ kind: 'sign-in', details: { method: 'second factor' } });
  expect(await accounts.auth.reader.read(there.cookieHeader)).toMatchObject({ email: credentials.email });

  const lost = accounts.browser();
  await lost.post('/api/auth/sign-in/email', credentials);
  const code = backupCodes[0];
  expect((await lost.post('/api/auth/two-factor/verify-backup-code', { code })).status).toBe(200);
  expect(accounts.events.at(-1)).toMatchObject({ kind: 'sign-in', details: { method: 'backup code' } });

  await there.post('/api/auth/two-factor/disable', { password: PASSWORD });
  expect(accounts.events.at(-1)).toMatchObject({ kind: 'two-factor-changed', details: { enabled: false } });
  const plain = accounts.browser();
  expect(await plain.post('/api/auth/sign-in/email', credentials)).toMatchObject({
    body: { token: expect.any(String) },
  });
});

it('what a guest has moves to an account with a second factor once that was shown', async () => {
  const owner = accounts.browser();
  const bea = { email: 'bea@example.com', password: PASSWORD };
  await owner.post('/api/auth/sign-up/email', { ...bea, name: 'Bea' });
  const { body } = await owner.post('/api/auth/two-factor/enable', { password: PASSWORD });
  const { totpURI } = body as { totpURI: string };
  await owner.post('/api/auth/two-factor/verify-totp', { code: totp(totpURI) });

  const browser = accounts.browser();
  await browser.post('/api/auth/sign-in/anonymous');
  const guest = await accounts.auth.reader.read(browser.cookieHeader);
  const { db } = accounts.database;
  await db.insertInto('documents').values({ id: 'notes', title: '', created_by: null }).execute();
  const grant = { doc_id: 'notes', principal_id: `user:${guest?.userId}`, role: 'owner', granted_by: null };
  await db.insertInto('document_grants').values(grant).execute();
  const holder = async () =>
    (await db.selectFrom('document_grants').select('principal_id').execute())[0]?.principal_id;

  await browser.post('/api/auth/sign-in/email', bea);
  expect((await browser.post('/api/auth/two-factor/verify-totp', { code: '000000' })).status).toBe(401);
  expect(await holder()).toBe(`user:${guest?.userId}`);
  expect((await browser.post('/api/auth/two-factor/verify-totp', { code: totp(totpURI) })).status).toBe(200);
  const session = await accounts.auth.reader.read(browser.cookieHeader);
  expect(session).toMatchObject({ name: 'Bea', kind: 'user' });
  expect(await holder()).toBe(`user:${session?.userId}`);
  const left = await db
    .selectFrom('user')
    .select('id')
    .where('id', '=', guest?.userId ?? '')
    .execute();
  expect(left).toEqual([]);
});

/** RFC 6238 with its defaults: SHA-1, 30 s, six digits. */
function totp(uri: string): string {
  const secret = new URL(uri).searchParams.get('secret') ?? '';
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', base32(secret)).update(counter).digest();
  const number = mac.readUInt32BE((mac[19] ?? 0) & 0xf) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, '0');
}

function base32(text: string): Buffer {
  const bits = [...text.replaceAll('=', '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
