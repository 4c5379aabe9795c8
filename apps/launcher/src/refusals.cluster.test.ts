import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agentOf,
  cookieHeaders,
  expectStatus,
  field,
  type GuardedCluster,
  type Person,
  signUpAt,
  startGuardedCluster,
  tokenHeader,
  upgrade,
} from './testing/guarded-cluster.ts';

const UNKNOWN_AGENT = `kryton_${randomBytes(32).toString('base64url')}`;

/** Who is refused, and how: over real sockets, on a node and through nginx. */
describe('refusals', () => {
  let guarded: GuardedCluster;
  let alice: Person;
  let bob: Person;
  let vera: Person;
  let docId: string;
  /** Valid, revoked and expired. */
  const tokens: Record<string, string> = {};
  const secrets: string[] = [UNKNOWN_AGENT];

  beforeAll(async () => {
    guarded = await startGuardedCluster();
    const [first, second] = guarded.ports;
    [alice, bob, vera] = [
      await signUpAt(first, 'Alice'),
      await signUpAt(second, 'Bob'),
      await signUpAt(first, 'Vera'),
    ];
    docId = field(await expectStatus(201, alice.browser.post('/api/docs', { title: 'Plans' })), 'id');
    await grant(vera.id, 'viewer');
    const agent = await agentOf(alice, ['read', 'write', 'mint']);
    const revoked = await agentOf(alice, ['read', 'write']);
    await expectStatus(
      204,
      alice.browser.send('DELETE', `/api/agents/${revoked.agentId}/tokens/${revoked.tokenId}`),
    );
    const expired = await agentOf(alice, ['read', 'write']);
    await guarded.cluster.database.db
      .updateTable('agent_tokens')
      .set({ expires_at: new Date(Date.now() - 1_000) })
      .where('id', '=', expired.tokenId)
      .execute();
    const minted = await alice.browser.send(
      'POST',
      `/api/docs/${docId}/tokens`,
      { cookie: '', authorization: `Bearer ${agent.token}`, 'content-type': 'application/json' },
      JSON.stringify({ userId: 'emp-7', name: 'Mia', role: 'editor', expiresInSeconds: 60 }),
    );
    expect(minted.status).toBe(201);
    const link = await expectStatus(200, put(`/api/docs/${docId}/grants/link`, { role: 'viewer' }));
    Object.assign(tokens, {
      agent: agent.token,
      revoked: revoked.token,
      expired: expired.token,
      document: field(minted, 'token'),
      link: field(link, 'token'),
    });
    secrets.push(...Object.values(tokens));
  });
  afterAll(() => guarded.stop());

  const put = (path: string, body: object) =>
    alice.browser.send('PUT', path, { 'content-type': 'application/json' }, JSON.stringify(body));
  const grant = (id: string, role: string) =>
    expectStatus(200, put(`/api/docs/${docId}/grants/${id}`, { role }));
  const path = () => `/ws/yjs/${docId}`;
  /** On the second node, which has seen none of this, and through nginx. */
  const fronts = [
    ['a node', 1],
    ['nginx', 2],
  ] as const;

  describe.each(fronts)('by %s', (_name, front) => {
    const port = () => guarded.ports[front];
    const statusOf = async (asked: string, headers: readonly string[]) =>
      (await upgrade(port(), asked, headers)).status;

    it('lets in a cookie, an agent token, a document token and a link', async () => {
      expect(await statusOf(path(), cookieHeaders(alice))).toBe(101);
      for (const kind of ['agent', 'document', 'link']) {
        expect(await statusOf(path(), [tokenHeader(tokens[kind] ?? '')]), kind).toBe(101);
      }
    });

    it('ACC3 answers 401 without a credential, and to a bad, expired or revoked token, also beside a good cookie', async () => {
      expect(await statusOf(path(), [])).toBe(401);
      const tampered = `${tokens['document']?.slice(0, -4)}AAAA`;
      const forged = `${tokens['link']?.slice(0, -4)}AAAA`;
      for (const token of [UNKNOWN_AGENT, tokens['expired'], tokens['revoked'], tampered, forged, 'x']) {
        expect(await statusOf(path(), [tokenHeader(token ?? '')]), token).toBe(401);
        expect(await statusOf(path(), [tokenHeader(token ?? ''), ...cookieHeaders(alice)]), token).toBe(401);
      }
    });

    it('ACC4 answers 401 to a token in the query string, whatever its name', async () => {
      const names = ['token', 'access_token', 'auth', 'kryton-token', 'x', 'yauth'];
      for (const token of [tokens['agent'], tokens['document'], tokens['link'], UNKNOWN_AGENT]) {
        for (const name of names) {
          const asked = `${path()}?${name}=${token}`;
          expect(await statusOf(asked, cookieHeaders(alice)), name).toBe(401);
          expect(await statusOf(asked, []), name).toBe(401);
        }
      }
    });

    it('ACC3 answers 403 to a cookie whose Origin is missing, null, or not the very one', async () => {
      const wrong = [
        null,
        'null',
        'http://evil.example',
        'http://localhost:3001.evil.example',
        'http://localhost:3002',
        'http://localhost',
        'https://localhost:3001',
        'http://localhost:3001/',
      ];
      for (const origin of wrong) {
        expect(await statusOf(path(), cookieHeaders(alice, origin)), `${origin}`).toBe(403);
      }
    });

    it('ACC1 answers alike where there is no grant, no document, and a deleted one', async () => {
      const deleted = field(await expectStatus(201, alice.browser.post('/api/docs')), 'id');
      await expectStatus(204, alice.browser.send('DELETE', `/api/docs/${deleted}`));
      const answers = await Promise.all([
        upgrade(port(), path(), cookieHeaders(bob)),
        upgrade(port(), '/ws/yjs/never-was-here', cookieHeaders(bob)),
        upgrade(port(), `/ws/yjs/${deleted}`, cookieHeaders(bob)),
        upgrade(port(), `/ws/yjs/${deleted}`, cookieHeaders(alice)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
      expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    });

    it('answers 400 to what is no document id', async () => {
      const bad = ['%2e%2e', '}{', '%00', '%0d%0a', 'x'.repeat(10_240), 'd%C3%B6k', 'd\u00f6k', '%zz', '%2F'];
      for (const id of bad) {
        const { status } = await upgrade(port(), `/ws/yjs/${id}`, cookieHeaders(alice));
        // nginx has its own limit of a request line, and its own word for it.
        const expected = front === 2 && id.length > 8_000 ? [400, 414] : [400];
        expect(expected, id.slice(0, 20)).toContain(status);
      }
    });

    it('ACC1 answers 403 over HTTP to a grant that is too low', async () => {
      const as = async (method: string, asked: string, body?: object) => {
        const answer = await fetch(`http://127.0.0.1:${port()}${asked}`, {
          method,
          headers: {
            cookie: vera.browser.cookieHeader,
            origin: 'http://localhost:3001',
            ...(body && { 'content-type': 'application/json' }),
          },
          body: body ? JSON.stringify(body) : null,
        });
        return answer.status;
      };
      expect(await as('GET', `/api/docs/${docId}`)).toBe(200);
      expect(await as('PATCH', `/api/docs/${docId}`, { title: 'Mine' })).toBe(403);
      expect(await as('DELETE', `/api/docs/${docId}`)).toBe(403);
      expect(await as('GET', `/api/docs/${docId}/grants`)).toBe(403);
      expect(await as('PUT', `/api/docs/${docId}/grants/${bob.id}`, { role: 'editor' })).toBe(403);
    });
  });

  it('ACC4 writes none of these secrets to any log', async () => {
    const logs = [
      ...guarded.cluster.nodes.map((node) => node.process().output()),
      guarded.nginx.process.output(),
    ];
    for (const log of logs) {
      for (const secret of secrets) expect(log.includes(secret), secret.slice(0, 12)).toBe(false);
      const cookie = decodeURIComponent(alice.browser.cookieHeader.split('=')[1] ?? '');
      expect(cookie.length).toBeGreaterThan(20);
      expect(log.includes(cookie.split('.')[0] ?? '')).toBe(false);
    }
    expect(logs[0]).toContain('Server listening');
  });
});
