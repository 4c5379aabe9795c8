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
