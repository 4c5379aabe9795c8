import { createHmac } from 'node:crypto';
import { EmbeddedSessionStorage } from '@kryton/engine/sessions/embedded-session-storage.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Browser } from '../testing/browser-cookies.ts';
import { startTestAccounts, TEST_AUTH, type TestAccounts } from '../testing/test-accounts.ts';
import { SessionCookie } from './session-cookie.ts';
import { SessionReader, type SignedIn } from './session-reader.ts';

const PASSWORD = 'correct horse battery';
const WEEK_MS = 7 * 86_400_000;

let accounts: TestAccounts;
let browser: Browser;
let session: SignedIn;
let now = 0;
/** How often the storage was asked for a session. */
let reads = 0;
let reader: SessionReader;
const sessions = new EmbeddedSessionStorage(Date.now);
const cookie = new SessionCookie(TEST_AUTH.authSecret, false);
const counted = {
  get: (key: string) => {
    if (!key.startsWith('revoked-')) reads += 1;
    return sessions.get(key);
  },
};
const newReader = (storage: Pick<EmbeddedSessionStorage, 'get'> = counted) =>
  new SessionReader({ cookie, sessions: storage, db: accounts.database.db, now: () => now });

beforeAll(async () => {
  accounts = await startTestAccounts({ databaseUrl: await createDatabase(inject('postgresUrl')), sessions });
  browser = accounts.browser();
  await browser.post('/api/auth/sign-up/email', {
    name: 'Ada',
    email: 'ada@example.com',
    password: PASSWORD,
  });
});
beforeEach(async () => {
  browser = accounts.browser();
  await browser.post('/api/auth/sign-in/email', { email: 'ada@example.com', password: PASSWORD });
  now = Date.now();
  reader = newReader();
  const read = await reader.read(browser.cookieHeader);
  if (read === null) expect.fail('signed in');
  session = read;
  reads = 0;
});
afterAll(() => accounts.stop());

const token = () => cookie.token(browser.cookieHeader) ?? '';
const removeRow = () => accounts.database.db.deleteFrom('session').where('token', '=', token()).execute();

describe('a session that is read from its cookie', () => {
  it('is what better-auth says it is', async () => {
    const { body } = await browser.get('/api/auth/get-session');
    expect(body).toMatchObject({
      session: { id: session.sessionId, token: token() },
      user: { id: session.userId, name: session.name, email: session.email, role: 'admin' },
    });
    expect(session).toMatchObject({ kind: 'user', isAdmin: true });
  });

  it('is kept for three seconds', async () => {
    await reader.read(browser.cookieHeader);
    now += 2_900;
    await reader.read(browser.cookieHeader);
    expect(reads).toBe(0);
    now += 200;
    await reader.read(browser.cookieHeader);
    expect(reads).toBe(1);
  });

  it('is read once for all who ask at the same time', async () => {
    const crowd = newReader();
    const answers = await Promise.all(Array.from({ length: 50 }, () => crowd.read(browser.cookieHeader)));
    expect(answers.every((answer) => answer?.sessionId === session.sessionId)).toBe(true);
    expect(reads).toBe(1);
  });

  it('ends when its time is up, also while it is kept', async () => {
    now += WEEK_MS - 2_000;
    expect(await reader.read(browser.cookieHeader)).not.toBeNull();
    now += 2_500;
    expect(await reader.read(browser.cookieHeader)).toBeNull();
  });

  it('is read anew after a kick for it or its user, and for nobody else', async () => {
    const others = [{ kind: 'session', sessionId: 'x' } as const, { kind: 'user', userId: 'x' } as const];
    for (const kick of others) reader.forget(kick);
    await reader.read(browser.cookieHeader);
    expect(reads).toBe(0);
    reader.forget({ kind: 'user', userId: session.userId });
    await reader.read(browser.cookieHeader);
    expect(reads).toBe(1);
    await sessions.delete(token());
    await removeRow();
    expect(await reader.read(browser.cookieHeader)).not.toBeNull();
    reader.forget({ kind: 'session', sessionId: session.sessionId });
    expect(await reader.read(browser.cookieHeader)).toBeNull();
  });

  it('is refused when it ended while it was read', async () => {
    const copy = await sessions.get(token());
    let answer = (_value: string | null) => {};
    const slow = {
      get: (key: string) =>
        key === token() && reads++ === 0
          ? new Promise<string | null>((resolve) => {
              answer = resolve;
            })
          : sessions.get(key),
    };
    const hesitant = newReader(slow);
    const read = hesitant.read(browser.cookieHeader);
    await sessions.delete(token());
    await removeRow();
    hesitant.forget({ kind: 'session', sessionId: session.sessionId });
    expect(await hesitant.read(browser.cookieHeader)).toBeNull();
    answer(copy);
    expect(await read).toBeNull();
    expect(await hesitant.read(browser.cookieHeader)).toBeNull();
  });
});

describe('where the storage has no copy of it', () => {
  it('comes from the database', async () => {
    await sessions.delete(token());
    expect(await newReader().read(browser.cookieHeader)).toEqual(session);
    await removeRow();
    expect(await newReader().read(browser.cookieHeader)).toBeNull();
  });

  it('or does not answer, or holds nonsense, too', async () => {
    const away = newReader({ get: () => Promise.reject(new Error('away')) });
    expect(await away.read(browser.cookieHeader)).toEqual(session);
    await sessions.set(token(), '{"session":{}}');
    expect(await newReader().read(browser.cookieHeader)).toEqual(session);
  });
});

describe('nobody is signed in', () => {
  it('by a copy that outlived the end of all sessions of its user', async () => {
    const copy = (await sessions.get(token())) ?? '';
    await browser.post('/api/auth/revoke-sessions');
    const stale = accounts.browser();
    await stale.post('/api/auth/sign-in/email', { email: 'ada@example.com', password: PASSWORD });
    const { session: kept } = JSON.parse(copy);
    await sessions.set(kept.token, copy);
    expect(await sessions.get(kept.token)).toBe(copy);
    const header = `${cookie.name}=${signedLike(kept.token)}`;
    expect(cookie.token(header)).toBe(kept.token);
    expect(await newReader().read(header)).toBeNull();
    expect(await newReader().read(stale.cookieHeader)).not.toBeNull();
  });

  it('who is disabled, however that was stored, until that ends', async () => {
    const { db } = accounts.database;
    await sessions.delete(token());
    const until = new Date(now + 60_000);
    const ban = db.updateTable('user').where('id', '=', session.userId);
    await ban.set({ banned: true, banExpires: until }).execute();
    expect(await newReader().read(browser.cookieHeader)).toBeNull();
    now += 61_000;
    expect(await newReader().read(browser.cookieHeader)).not.toBeNull();
    await ban.set({ banned: true, banExpires: null }).execute();
    expect(await newReader().read(browser.cookieHeader)).toBeNull();
    await ban.set({ banned: false }).execute();
  });

  it('without a cookie that we signed, and nothing is read then', async () => {
    const fresh = newReader();
    expect(await fresh.read(browser.cookieHeader.replace('session_token=', 'session_token=x'))).toBeNull();
    expect(await fresh.read('better-auth.session_token=x')).toBeNull();
    expect(reads).toBe(0);
  });
});

/** As better-auth signs it; `is what better-auth says it is` compares with the real one. */
function signedLike(value: string): string {
  const mac = createHmac('sha256', TEST_AUTH.authSecret).update(value).digest('base64');
  return encodeURIComponent(`${value}.${mac}`);
}
