import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import { PAGE_ORIGIN, signUp } from '../sign-up.ts';

/** What some request may show and name: everything that a client can come by. */
export type Found = {
  /** Header lines that sign somebody in. */
  readonly cookies: readonly string[];
  readonly tokens: readonly string[];
  readonly docIds: readonly string[];
  readonly ids: readonly string[];
};

/** An account with documents, an agent with a token, a link and a document token, made through the API as anybody would. */
export async function makePeople(base: string, round: number): Promise<Found> {
  const [owner, stranger] = [await signUp(base, 'Owner'), await signUp(base, 'Stranger')];
  const call = async (
    method: string,
    path: string,
    body: object,
    headers: Record<string, string> = owner,
  ) => {
    const answer = await fetch(base.replace(/^ws/, 'http') + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return JSON.parse(await answer.text());
  };
  const docId = `fuzzed-${round}-${Date.now()}`;
  await call('POST', '/api/docs', { id: docId, title: 'fuzzed' });
  const { token: link } = await call('PUT', `/api/docs/${docId}/grants/link`, { role: 'editor' });
  const agent = await call('POST', '/api/agents', { name: 'fuzz' });
  await call('PUT', `/api/docs/${docId}/grants/agent:${agent.id}`, { role: 'editor' });
  const scopes = ['read', 'write', 'mint'];
  const made = await call('POST', `/api/agents/${agent.id}/tokens`, {
    name: 'all',
    scopes,
    expiresInSeconds: 3_600,
  });
  const asAgent = { authorization: `Bearer ${made.token}` };
  const wish = { userId: 'theirs', name: 'Theirs', role: 'editor', expiresInSeconds: 3_600 };
  const document = await call('POST', `/api/docs/${docId}/tokens`, wish, asAgent);
  return {
    cookies: [owner, stranger].map(({ cookie }) => cookie),
    tokens: [link, made.token, document.token],
    docIds: [docId, `opened-${round}`],
    ids: [agent.id, made.id, 'link', `agent:${agent.id}`, 'user:nobody'],
  };
}

/** The header lines of one request: some credential, a right one or a wrong one, or several, or none. */
export function credentialLines(found: Found, random: SeededRandom): string[] {
  const token = () => spoiled(random.pick(found.tokens), random);
  const cookie = () => `Cookie: ${spoiled(random.pick(found.cookies), random)}`;
  const origin = () => `Origin: ${random.chance(0.9) ? PAGE_ORIGIN : badOrigin(random)}`;
  return random.pick<() => string[]>([
    () => [cookie(), origin()],
    () => [cookie(), origin()],
    () => [cookie(), origin()],
    () => [cookie()],
    () => [`Authorization: Bearer ${token()}`],
    () => [`Authorization: Bearer ${token()}`, cookie(), origin()],
    () => [`Authorization: ${random.pick(['Basic eDp5', 'Bearer', 'Bearer  ', '', token()])}`],
    () => [`Authorization: Bearer ${token()}`, `Authorization: Bearer ${token()}`],
    () => [`Sec-WebSocket-Protocol: kryton-token, ${token()}`],
    () => [],
  ])();
}

/** Most often as it is; now and then with something wrong with it. */
function spoiled(credential: string, random: SeededRandom): string {
  if (random.chance(0.85)) return credential;
  const at = random.int(credential.length);
  return random.pick([
    credential.slice(0, at),
    `${credential.slice(0, at)}x${credential.slice(at + 1)}`,
    `${credential}${credential}`,
    `${credential}; ${credential}`,
    credential.replaceAll('.', '..'),
    credential.toUpperCase(),
    'x'.repeat(5_000),
    'better-auth.session_token=',
    'better-auth.session_token=%zz.%00',
    'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.',
    'kryton_',
    'kryton_link__',
  ]);
}

function badOrigin(random: SeededRandom): string {
  return random.pick([
    'null',
    '',
    'http://evil.example',
    `${PAGE_ORIGIN}.evil.example`,
    `${PAGE_ORIGIN}0`,
    'x y',
    '*',
  ]);
}
