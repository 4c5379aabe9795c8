import { describe, expect, it } from 'vitest';
import { ApiError } from '../http/errors.ts';
import { refuseQueryCredentials } from './query-credentials.ts';

const AGENT = `kryton_${'aB3-_'.repeat(8)}xyz`;
const LINK = `kryton_link_doc.${'a'.repeat(22)}.${'b'.repeat(43)}`;
const JWT = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl';
const COOKIE = `${'Ab1'.repeat(10)}xy.${'Q+/'.repeat(14)}A=`;

const NAMES = [
  ...['token', 'TOKEN', 'access_token', 'Access-Token', 'accessToken', 'id_token', 'kryton-token', 'auth'],
  ...['authorization', 'x-authorization', 'key', 'api_key', 'apikey', 'x-api-key', 'secret', 'client_secret'],
  ...[
    'password',
    'session',
    'sessionId',
    'better-auth.session_token',
    'sid',
    'jwt',
    'code',
    'bearer',
    't%6Fken',
  ],
  ...['%2574oken', 'token[]', 'token%00'],
];

const REFUSED: [name: string, query: string][] = [
  ...NAMES.map((name): [string, string] => [`the name ${name}`, `${name}=1`]),
  ['a name without a value', 'token'],
  ['a name after a semicolon', 'a=1;token=2'],
  ['a name in the second query', 'a=1?token=2&token=3'],
  ['an agent token', `q=${AGENT}`],
  ['an agent token as a name', AGENT],
  ['an agent token in capitals', `q=${AGENT.toUpperCase()}`],
  ['a short one', 'q=kryton_'],
  ['an agent token, encoded', `q=${AGENT.replaceAll('_', '%5f')}`],
  ['an agent token, encoded twice', `q=${AGENT.replaceAll('_', '%255F')}`],
  ['an agent token behind a broken escape', `q=%zz%ff${AGENT}`],
  ['an agent token inside another URL', `next=${encodeURIComponent(`https://x.example/?a=${AGENT}`)}`],
  ['a link', `q=${LINK}`],
  ['a JWT', `q=${JWT}`],
  ['a JWT after its scheme', `q=Bearer%20${JWT}`],
  ['a JWT without signature', `q=${JWT.split('.').slice(0, 2).join('.')}.`],
  ['a signed cookie', `q=${COOKIE}`],
  ['a signed cookie, encoded', `q=${encodeURIComponent(COOKIE)}`],
];

const WELCOME = [
  ...[
    '/ws/yjs/a',
    '/ws/yjs/a?',
    '/api/docs?limit=50&cursor=WyIyMDI2LTExLTI2Il0',
    '/a?root=content&doc=notes.v1',
  ],
  ...[
    '/a?q=1.2.3',
    '/a?q=www.example.com',
    '/a?q=kryton',
    '/a?kind=sign-in&before=12',
    '/a?q=100%',
    '/token/a?b=c',
  ],
  ...[`/${AGENT}`, '/a?author=x&keyword=y&monkey=z'],
];

describe('ACC3 credentials in a query', () => {
  it.each(REFUSED)('are refused: %s', (_name, query) => {
    expect(() => refuseQueryCredentials(`/ws/yjs/a?${query}`)).toThrow(new ApiError('unauthenticated'));
  });

  it.each(WELCOME)('nothing is refused in %s', (url) =>
    expect(() => refuseQueryCredentials(url)).not.toThrow(),
  );

  it('cost no more than a walk over the URL, whatever it holds', () => {
    const bits = ['a', 'ey', 'e.', 'a.', 'kryton_a', '%25', 'eyaaaaaaaaa.', '.', '=', `${'a'.repeat(16)}.`];
    const started = performance.now();
    for (const bit of bits) {
      try {
        refuseQueryCredentials(`/?q=${bit.repeat(64_000 / bit.length)}`);
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
      }
    }
    // A quadratic expression takes seconds for one of these.
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
