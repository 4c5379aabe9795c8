import { describe, expect, it } from 'vitest';
import { readCredential } from './credentials.ts';

const TOKEN = `kryton_${'a'.repeat(43)}`;
const OTHER = `kryton_${'b'.repeat(43)}`;
const COOKIE = '__Secure-better-auth.session_token=abc.def%3D';

type Headers = Record<string, string | string[] | undefined>;
const token = (text = TOKEN) => ({ kind: 'token', token: text });
const cookie = (header = COOKIE) => ({ kind: 'cookie', header });
const refused = { kind: 'refused' };
const none = { kind: 'none' };

const CASES: [name: string, headers: Headers, expected: object][] = [
  ['nothing', {}, none],
  ['a subprotocol', { 'sec-websocket-protocol': `kryton-token, ${TOKEN}` }, token()],
  ['a subprotocol without a space', { 'sec-websocket-protocol': `kryton-token,${TOKEN}` }, token()],
  ['a subprotocol in two headers', { 'sec-websocket-protocol': ['kryton-token', TOKEN] }, token()],
  ['the marker alone', { 'sec-websocket-protocol': 'kryton-token' }, refused],
  ['the marker and nothing', { 'sec-websocket-protocol': 'kryton-token, ' }, refused],
  ['the marker last', { 'sec-websocket-protocol': `${TOKEN}, kryton-token` }, refused],
  ['the marker in capitals', { 'sec-websocket-protocol': `Kryton-Token, ${TOKEN}` }, refused],
  ['a third protocol', { 'sec-websocket-protocol': `kryton-token, ${TOKEN}, chat` }, refused],
  ['two tokens as protocols', { 'sec-websocket-protocol': `kryton-token, ${TOKEN}, ${OTHER}` }, refused],
  ['a token without the marker', { 'sec-websocket-protocol': TOKEN, cookie: COOKIE }, refused],
  ['a protocol of somebody else', { 'sec-websocket-protocol': 'chat' }, none],
  [
    'a protocol of somebody else beside a cookie',
    { 'sec-websocket-protocol': 'chat', cookie: COOKIE },
    cookie(),
  ],
  ['a bearer', { authorization: `Bearer ${TOKEN}` }, token()],
  ['a bearer in lower case', { authorization: `bearer ${TOKEN}` }, token()],
  ['a bearer in upper case', { authorization: `BEARER  ${TOKEN}` }, token()],
  ['a JWT', { authorization: 'Bearer eyJh.eyJz._-09' }, token('eyJh.eyJz._-09')],
  ['a bearer of nothing', { authorization: 'Bearer ' }, refused],
  ['a bearer of two', { authorization: `Bearer ${TOKEN} ${OTHER}` }, refused],
  ['a list of bearers', { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }, refused],
  ['several authorizations', { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }, refused],
  ['a token without its scheme', { authorization: TOKEN }, refused],
  ['an empty authorization', { authorization: '', cookie: COOKIE }, refused],
  ['another scheme beside a cookie', { authorization: 'Basic dXNlcjpwYXNz', cookie: COOKIE }, refused],
  ['letters that no token has', { authorization: 'Bearer kryton_ä' }, refused],
  ['4,096 characters', { authorization: `Bearer ${'a'.repeat(4_096)}` }, token('a'.repeat(4_096))],
  ['4,097 characters', { authorization: `Bearer ${'a'.repeat(4_097)}` }, refused],
  ['the same token twice', both(TOKEN, TOKEN), token()],
  ['two different tokens', both(TOKEN, OTHER), refused],
  ['a good token and a malformed header', both(TOKEN, ' '), refused],
  ['a session', { cookie: `theme=dark; ${COOKIE}` }, cookie(`theme=dark; ${COOKIE}`)],
  [
    'a session in the second of two headers',
    { cookie: ['theme=dark', COOKIE] },
    cookie(`theme=dark; ${COOKIE}`),
  ],
  ['other cookies', { cookie: 'theme=dark; note=session_token' }, none],
  ['9,000 bytes of cookies', { cookie: `${COOKIE}; x=${'a'.repeat(9_000)}` }, refused],
  ['a token and a session', { authorization: `Bearer ${TOKEN}`, cookie: COOKIE }, token()],
];

function both(protocol: string, bearer: string): Headers {
  return { 'sec-websocket-protocol': `kryton-token, ${protocol}`, authorization: `Bearer ${bearer}` };
}

describe('what a request shows', () => {
  it.each(CASES)('%s', (_name, headers, expected) => expect(readCredential({ headers })).toEqual(expected));

  it('ACC3 never is the cookie where a token was sent, however bad', () => {
    for (const [, headers] of CASES.filter(([, , expected]) => expected === refused)) {
      expect(readCredential({ headers: { cookie: COOKIE, ...headers } })).toEqual(refused);
    }
  });
});
