import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../http/errors.ts';
import { visitors } from '../testing/visitors.ts';
import { createAuthenticator } from './authenticator.ts';
import { LinkTokens } from './link-tokens.ts';
import type { CredentialSource, Principal } from './principal.ts';

const COOKIE = 'better-auth.session_token=good';
const AGENT = `kryton_${'a'.repeat(43)}`;
const ORIGIN = 'https://docs.example.com';

/** An authenticator that takes one session and one agent token, and notes what was looked up. */
function authenticator() {
  const lookups: string[] = [];
  const links = new LinkTokens('a secret of the test, long enough');
  const verifier = (kind: string, isGood: (token: string) => boolean) => ({
    verify: async (token: string): Promise<Principal | null> => {
      lookups.push(kind);
      return isGood(token) ? await visitors.identify(request({})) : null;
    },
  });
  const { identify } = createAuthenticator({
    sessions: {
      read: async (header) => {
        lookups.push('session');
        const identity = { sessionId: 's1', userId: 'u1', name: 'Ann', kind: 'user' } as const;
        return header.includes('=good') ? identity : null;
      },
    },
    agentTokens: verifier('agent', (token) => token === AGENT),
    documentTokens: verifier('document', (token) => token === 'good'),
    links,
    allowedOrigins: [ORIGIN, 'http://localhost:3001'],
  });
  return { identify, lookups, links };
}

function request(
  headers: CredentialSource['headers'],
  more: Partial<CredentialSource> = {},
): CredentialSource {
  return { headers, url: '/ws/yjs/a', origin: 'required', ...more };
}

describe('the authenticator', () => {
  it('finds the principal of a session', async () => {
    const { identify } = authenticator();
    expect(await identify(request({ cookie: COOKIE, origin: ORIGIN }))).toEqual({
      id: 'user:u1',
      kind: 'user',
      name: 'Ann',
      credential: { kind: 'session', sessionId: 's1', userId: 'u1' },
    });
  });

  it.each([
    ['none', undefined],
    ['null', 'null'],
    ['empty', ''],
    ['another host', 'https://evil.example'],
    ['a suffix', 'https://docs.example.com.evil.example'],
    ['a prefix', 'https://evil-docs.example.com'],
    ['a subdomain', 'https://a.docs.example.com'],
    ['another port', 'https://docs.example.com:8443'],
    ['the default port', 'https://docs.example.com:443'],
    ['another port of this machine', 'http://localhost:3002'],
    ['another scheme', 'http://docs.example.com'],
    ['capitals', 'https://DOCS.example.com'],
    ['a path', 'https://docs.example.com/'],
    ['two in one', 'https://docs.example.com, https://docs.example.com'],
    ['two headers', ['https://docs.example.com', 'https://docs.example.com']],
  ])('ACC3 takes no cookie beside a wrong Origin, and looks nothing up: %s', async (_name, origin) => {
    const { identify, lookups } = authenticator();
    await expect(identify(request({ cookie: COOKIE, origin }))).rejects.toEqual(new ApiError('forbidden'));
    expect(lookups).toEqual([]);
  });

  it('ACC3 reads with a cookie and without an Origin, but not with a wrong one', async () => {
    const { identify } = authenticator();
    const reading = (headers: CredentialSource['headers']) =>
      identify(request({ cookie: COOKIE, ...headers }, { origin: 'if-present' }));
    expect(await reading({})).toMatchObject({ id: 'user:u1' });
    expect(await reading({ origin: ORIGIN })).toMatchObject({ id: 'user:u1' });
    await expect(reading({ origin: 'https://evil.example' })).rejects.toThrow(ApiError);
    await expect(reading({ origin: 'null' })).rejects.toThrow(ApiError);
  });

  it('ACC3 never falls back to a good cookie from a bad token', async () => {
    const bad = ['kryton_bad', 'kryton_link_bad', 'kryton_', 'bad', 'eyJh.eyJz.c2ln', 'a b', ''];
    for (const token of bad) {
      const { identify, lookups } = authenticator();
      const good = { cookie: COOKIE, origin: ORIGIN };
      expect(await identify(request({ ...good, authorization: `Bearer ${token}` }))).toBeNull();
      const protocols = `kryton-token, ${token}`;
      expect(await identify(request({ ...good, 'sec-websocket-protocol': protocols }))).toBeNull();
      expect(lookups).not.toContain('session');
    }
  });

  it('asks the one who knows the kind of a token, without an Origin', async () => {
    const { identify, lookups, links } = authenticator();
    const docId = parseDocId('a') ?? expect.fail('is one');
    const bearer = (token: string) => identify(request({ authorization: `Bearer ${token}` }));
    expect(await bearer(AGENT)).not.toBeNull();
    expect(await bearer('good')).not.toBeNull();
    expect(lookups).toEqual(['agent', 'document']);
    const visitor = await bearer(links.tokenOf(docId, links.newLinkId()));
    expect(visitor).toMatchObject({ kind: 'visitor', credential: { kind: 'link', docId } });
  });

  it('is null for no credential, whatever the Origin; cookies of others are none', async () => {
    const { identify, lookups } = authenticator();
    expect(await identify(request({}))).toBeNull();
    expect(await identify(request({ cookie: 'theme=dark', origin: 'null' }))).toBeNull();
    expect(await identify(request({ cookie: 'session_token=old', origin: ORIGIN }))).toBeNull();
    expect(lookups).toEqual(['session']);
  });

  it('refuses a query credential before all else, beside good ones too', async () => {
    const { identify, lookups } = authenticator();
    const headers = { authorization: `Bearer ${AGENT}`, cookie: COOKIE, origin: ORIGIN };
    const asked = identify(request(headers, { url: '/ws/yjs/a?token=x' }));
    await expect(asked).rejects.toEqual(new ApiError('unauthenticated'));
    expect(lookups).toEqual([]);
  });
});
