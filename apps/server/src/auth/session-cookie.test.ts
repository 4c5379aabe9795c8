import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SessionCookie } from './session-cookie.ts';

const SECRET = 's'.repeat(32);
const sign = (token: string, secret = SECRET) =>
  encodeURIComponent(`${token}.${createHmac('sha256', secret).update(token).digest('base64')}`);

describe('the session cookie', () => {
  const cookie = new SessionCookie(SECRET, false);
  const name = 'better-auth.session_token';

  it('is found among others, the first of its name', () => {
    expect(cookie.token(`a=b; ${name}=${sign('token')}; c=d`)).toBe('token');
    expect(cookie.token(`${name}=${sign('first')};${name}=${sign('second')}`)).toBe('first');
    expect(cookie.token(`${name}="${sign('quoted')}"`)).toBe('quoted');
    expect(cookie.token(`x${name}=${sign('token')}`)).toBeNull();
    expect(cookie.token('')).toBeNull();
  });

  it('counts only as we signed it', () => {
    const signed = sign('token');
    expect(cookie.token(`${name}=${sign('token', 'x'.repeat(32))}`)).toBeNull();
    expect(cookie.token(`${name}=${signed.replace('token', 'taken')}`)).toBeNull();
    for (const value of [
      '',
      '.',
      'token',
      'token.',
      '%',
      '.'.repeat(50),
      `token.${'A'.repeat(44)}`,
      signed.slice(0, -4),
    ]) {
      expect(cookie.token(`${name}=${value}`), value).toBeNull();
    }
  });

  it('is on https the one that nobody on the network can set', () => {
    const secure = new SessionCookie(SECRET, true);
    expect(secure.token(`${name}=${sign('token')}`)).toBeNull();
    expect(secure.token(`__Secure-${name}=${sign('token')}`)).toBe('token');
    expect(cookie.token(`__Secure-${name}=${sign('token')}`)).toBeNull();
  });
});
