import { EmbeddedSessionStorage } from '@kryton/engine/sessions/embedded-session-storage.ts';
import { SessionsUnavailable } from '@kryton/engine/sessions/session-storage.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { betterAuth } from 'better-auth';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startTestAccounts, type TestAccounts } from '../testing/test-accounts.ts';
import { SERVED } from './auth-paths.ts';
import { PasswordHashing } from './password-hashing.ts';

const form = { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery' };
const JSON_TYPE = { 'content-type': 'application/json' };

let accounts: TestAccounts;
let databaseUrl: string;
beforeAll(async () => {
  databaseUrl = await createDatabase(inject('postgresUrl'));
  accounts = await startTestAccounts({ databaseUrl });
});
afterAll(() => accounts.stop());

describe('what is served of better-auth', () => {
  const others = [
    'GET /account-info',
    'GET /callback/:id',
    'GET /delete-user/callback',
    'GET /error',
    'GET /reset-password/:token',
    'GET /verify-email',
    'POST /admin/impersonate-user',
    'POST /admin/stop-impersonating',
    'POST /callback/:id',
    'POST /change-email',
    'POST /delete-user',
    'POST /get-access-token',
    'POST /get-session',
    'POST /refresh-token',
    'POST /request-password-reset',
    'POST /reset-password',
    'POST /send-verification-email',
    'POST /two-factor/send-otp',
    'POST /two-factor/verify-otp',
    'POST /update-session',
    'POST /verify-password',
  ];

  it('is a list that knows every path there is', () => {
    const served = [...SERVED.GET.map((path) => `GET ${path}`), ...SERVED.POST.map((path) => `POST ${path}`)];
    const providers = ['GET /callback/google', 'GET /callback/github'];
    const known = [...served.filter((path) => !providers.includes(path)), ...others];
    expect(known.toSorted()).toEqual(pathsOf(betterAuth(accounts.auth.options).api).toSorted());
  });

  it('is not the rest: 404, and nothing is counted', async () => {
    const browser = accounts.browser();
    const counted = vi.spyOn(accounts.sessions, 'increment');
    for (const path of [
      ...others,
      'GET /nothing',
      'POST /..%2fok',
      'GET /ok/',
      'GET //ok',
      'HEAD /ok',
      'PUT /ok',
    ]) {
      const [method = '', name = ''] = path.split(' ');
      const answer = await browser.send(method, `/api/auth${name.replace(/:\w+/, 'x')}`);
      expect(answer.status, path).toBe(404);
    }
    expect(counted).not.toHaveBeenCalled();
    await browser.get('/api/auth/ok');
    expect(counted).toHaveBeenCalledOnce();
  });
});

describe('the route', () => {
  it('hands a refusal of better-auth on as it is, and never lets an answer be kept', async () => {
    const answer = await accounts.browser().post('/api/auth/sign-in/email', form);
    expect(answer).toMatchObject({ status: 401, body: { code: 'INVALID_EMAIL_OR_PASSWORD' } });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const ok = await accounts.browser().get('/api/auth/ok');
    expect(ok).toMatchObject({ status: 200, body: { ok: true } });
    expect(ok.headers.get('cache-control')).toBe('no-store');
  });

  it('answers what is malformed, and what no database can hold, with 400', async () => {
    const browser = accounts.browser();
    const send = (body: string, path = '/sign-up/email') =>
      browser.send('POST', `/api/auth${path}`, JSON_TYPE, body);
    for (const body of ['{', '[', 'null', '[]', '""', '{}', JSON.stringify({ ...form, name: '\0' })]) {
      expect((await send(body)).status, body).toBe(400);
    }
    expect((await browser.get('/api/auth/ok?a=%00')).status).toBe(400);
    expect((await send('')).status).toBe(400);
    expect(
      (await browser.send('POST', '/api/auth/sign-up/email', { 'content-type': 'text/plain' }, 'x')).status,
    ).toBe(415);
    const large = JSON.stringify({ ...form, name: 'x'.repeat(64 * 1024) });
    expect(await send(large)).toMatchObject({ status: 413, body: { error: { code: 'tooLarge' } } });
  });

  it('takes a cookie from pages of ours only', async () => {
    const browser = accounts.browser();
    expect((await browser.post('/api/auth/sign-up/email', form)).status).toBe(200);
    const strangers = [
      'https://docs.example.com',
      'http://docs.example.com:8080',
      'http://docs.example.com.evil.example',
      'http://evil.example',
      'null',
      '',
    ];
    for (const origin of strangers) {
      const answer = await browser.send(
        'POST',
        '/api/auth/update-user',
        { ...JSON_TYPE, origin },
        '{"name":"Eve"}',
      );
      expect(answer.status, origin).toBe(403);
    }
    expect((await browser.get('/api/me')).body).toMatchObject({ name: 'Ada' });
    expect((await browser.post('/api/auth/update-user', { name: 'Ada L' })).status).toBe(200);
    expect((await browser.get('/api/me')).body).toMatchObject({ name: 'Ada L' });
  });

  it('sends nobody to another site', async () => {
    const answer = await accounts
      .browser()
      .post('/api/auth/sign-in/email', { ...form, callbackURL: 'http://evil.example' });
    expect(answer).toMatchObject({ status: 403, body: { code: 'INVALID_CALLBACK_URL' } });
  });
});

describe('cookies', () => {
  const cookiesOf = async (authUrl: string) => {
    const config = { authUrl, appUrl: authUrl, corsOrigins: [authUrl] };
    const site = await startTestAccounts({ databaseUrl, config });
    try {
      const browser = site.browser();
      const { headers } = await browser.post('/api/auth/sign-in/email', form);
      const session = await site.auth.reader.read(browser.cookieHeader);
      return { lines: headers.getSetCookie(), name: session?.name };
    } finally {
      await site.stop();
    }
  };

  it('are for one site, out of reach of scripts, and Secure on https', async () => {
    const { lines, name } = await cookiesOf('https://docs.example.com');
    expect(lines).toEqual([
      expect.stringMatching(
        /^__Secure-better-auth\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ),
    ]);
    expect(name).toBe('Ada L');
  });

  it('are not Secure where there is no https, or the browser would drop them', async () => {
    const { lines, name } = await cookiesOf('http://localhost:3001');
    expect(lines).toEqual([
      expect.stringMatching(
        /^better-auth\.session_token=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ]);
    expect(name).toBe('Ada L');
  });
});

it('a store that does not answer is a 503, and the log says why', async () => {
  const sessions = new EmbeddedSessionStorage(Date.now);
  const away = async () => {
    throw new SessionsUnavailable('nobody there');
  };
  const site = await startTestAccounts({
    databaseUrl,
    sessions: Object.assign(sessions, { increment: away }),
  });
  try {
    const answer = await site.browser().post('/api/auth/sign-in/email', form);
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'unavailable' } } });
    expect(site.warnings.join('')).toContain('nobody there');
  } finally {
    await site.stop();
  }
});

it('who comes when too many passwords wait to be checked is told to come again', async () => {
  const hashing = new PasswordHashing({ atOnce: 1, maxWaiting: 0 });
  const site = await startTestAccounts({ databaseUrl, hashing });
  try {
    const answers = await Promise.all(
      [1, 2, 3].map(() => site.browser().post('/api/auth/sign-in/email', form)),
    );
    const busy = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200).length + busy.length).toBe(3);
    expect(busy[0]).toMatchObject({ body: { code: 'TOO_BUSY' } });
    expect(busy[0]?.headers.get('retry-after')).toBe('10');
  } finally {
    await site.stop();
  }
});

/** Everything that better-auth's router would answer. */
function pathsOf(api: object): string[] {
  return Object.values(api).flatMap((endpoint: unknown) => {
    if (typeof endpoint !== 'function' || !('path' in endpoint) || !('options' in endpoint)) return [];
    const { path, options } = endpoint as {
      path?: string;
      options: { method: string | string[]; metadata?: { SERVER_ONLY?: boolean } };
    };
    if (path === undefined || options.metadata?.SERVER_ONLY) return [];
    return [options.method].flat().map((method) => `${method} ${path}`);
  });
}
