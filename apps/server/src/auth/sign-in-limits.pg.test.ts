import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startTestAccounts, type TestAccounts } from '../testing/test-accounts.ts';

let accounts: TestAccounts;
beforeAll(async () => {
  accounts = await startTestAccounts({ databaseUrl: await createDatabase(inject('postgresUrl')) });
});
afterAll(() => accounts.stop());

const PASSWORD = 'correct horse battery';

it('of one address: a hundred sign-ins a minute, whatever it says its address is', async () => {
  const browser = accounts.browser();
  const attempt = (index: number) =>
    browser.send(
      'POST',
      '/api/auth/sign-in/email',
      { 'content-type': 'application/json', 'x-kryton-address': `198.51.100.${index % 200}` },
      // No address of a mailbox: refused before its password costs anything, and counted all the same.
      JSON.stringify({ email: `nobody ${index}`, password: PASSWORD }),
    );
  for (let index = 0; index < 100; index += 1) expect((await attempt(index)).status).toBe(400);
  expect((await attempt(100)).status).toBe(429);
  expect((await browser.get('/api/auth/ok')).status).toBe(200);
  const other = accounts.browser();
  expect((await other.post('/api/auth/sign-in/email', { email: 'x', password: PASSWORD })).status).toBe(400);
});

it('of one account: thirty attempts in ten minutes, from wherever', async () => {
  const attempt = (email: string) =>
    accounts.browser().post('/api/auth/sign-in/email', { email, password: PASSWORD });
  for (let index = 0; index < 30; index += 1) expect((await attempt('victim')).status).toBe(400);
  const refused = await attempt('VICTIM');
  expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_ATTEMPTS' } });
  expect(refused.headers.get('retry-after')).toBe('600');
  expect((await attempt('somebody else')).status).toBe(400);
});
