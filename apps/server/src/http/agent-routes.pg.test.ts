import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { startTokenApi, type TokenApi } from '../testing/token-api.ts';

const HOUR_S = 3_600;

describe('the routes of agents', () => {
  let api: TokenApi;
  beforeAll(async () => {
    api = await startTokenApi(await createDatabase(inject('postgresUrl')));
  });
  afterAll(() => api.stop());
  beforeEach(() => {
    api.kicks.length = 0;
    api.audit.events.length = 0;
  });

  it('create, list, revoke and delete; the token is shown once', async () => {
    const alice = await api.signedIn();
    const created = await alice.call('POST', '/api/agents', { name: '  Robot ' });
    expect(created).toEqual({
      status: 201,
      body: { id: expect.any(String), name: 'Robot', createdAt: expect.stringMatching(/T.*Z$/) },
    });
    const agentId = String(created.body['id']);
    const docs = ['b', 'a', 'b'];
    const wanted = { name: 'CI', scopes: ['read', 'read'], docs, expiresInSeconds: HOUR_S };
    const { status, body: issued } = await alice.call('POST', `/api/agents/${agentId}/tokens`, wanted);
    expect(status).toBe(201);
    expect(issued).toEqual({
      id: expect.any(String),
      token: expect.stringMatching(/^kryton_/),
      expiresAt: expect.any(String),
    });
    const list = await alice.call('GET', '/api/agents');
    expect(list.body).toEqual({
      agents: [
        {
          ...created.body,
          tokens: [
            {
              ...{ id: issued['id'], name: 'CI', scopes: ['read'], docs: ['b', 'a'], lastUsedAt: null },
              ...{ createdAt: expect.any(String), expiresAt: issued['expiresAt'], revokedAt: null },
            },
          ],
        },
      ],
    });
    const path = `/api/agents/${agentId}/tokens/${issued['id']}`;
    expect(await alice.call('DELETE', path)).toEqual({ status: 204, body: {} });
    expect((await api.bearer(String(issued['token']))('GET', '/api/docs/a')).status).toBe(401);
    expect(await alice.call('DELETE', `/api/agents/${agentId}`)).toEqual({ status: 204, body: {} });
    expect((await alice.call('DELETE', `/api/agents/${agentId}`)).status).toBe(404);
    expect((await alice.call('GET', '/api/agents')).body).toEqual({ agents: [] });
    expect(api.kicks.map(({ kind }) => kind)).toEqual(['agent', 'agent']);
    expect(api.audit.events.map(({ kind, address }) => [kind, address])).toEqual(
      ['agent-created', 'agent-token-created', 'agent-token-revoked', 'agent-deleted'].map((kind) => [
        kind,
        '127.0.0.1',
      ]),
    );
  });

  it.each(['', ' ', 'a'.repeat(101), 'a\0b', 'two\nlines', 'half \uD83D', 'gpj.\u202Efdp'])(
    'refuse an agent called %j',
    async (name) => {
      const alice = await api.signedIn();
      const answer = await alice.call('POST', '/api/agents', { name });
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'badRequest' } } });
    },
  );

  it.each<[string, object]>([
    ['no scope', { scopes: [] }],
    ['an unknown scope', { scopes: ['admin'] }],
    ['no document', { docs: [] }],
    ['a document that is none', { docs: ['../a'] }],
    ['101 documents', { docs: Array.from({ length: 101 }, (_none, index) => `doc${index}`) }],
    ['a minute less', { expiresInSeconds: 59 }],
    ['more than a year', { expiresInSeconds: 31_536_001 }],
    ['half a second', { expiresInSeconds: 60.5 }],
    ['no name', { name: ' ' }],
    ['a long name', { name: 'a'.repeat(101) }],
    ['a name with NUL', { name: 'a\0b' }],
  ])('refuse a token with %s', async (_name, wrong) => {
    const alice = await api.signedIn();
    const { body } = await alice.call('POST', '/api/agents', { name: 'Robot' });
    const wanted = { name: 'CI', scopes: ['read'], expiresInSeconds: HOUR_S, ...wrong };
    const answer = await alice.call('POST', `/api/agents/${body['id']}/tokens`, wanted);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'badRequest' } } });
  });

  it('ACC1 let nobody but a signed-in user make agents and tokens', async () => {
    const alice = await api.signedIn();
    const docId = await api.rows.document({ [alice.id]: 'owner' });
    const { agentId, tokenId, token } = await api.agentOf(alice.call, ['read', 'write', 'mint']);
    const minted = { userId: 'bob', name: 'Bob', role: 'editor', expiresInSeconds: 60 };
    const member = await api.bearer(token)('POST', `/api/docs/${docId}/tokens`, minted);
    expect(member.status).toBe(201);
    const callers = {
      agent: api.bearer(token),
      member: api.bearer(String(member.body['token'])),
      visitor: api.bearer(api.links.tokenOf(docId, api.links.newLinkId())),
      guest: (await api.signedIn({ isGuest: true })).call,
    };
    const newToken = { name: 'CI', scopes: ['read'], expiresInSeconds: HOUR_S };
    for (const call of Object.values(callers)) {
      const answers = [
        await call('POST', '/api/agents', { name: 'More' }),
        await call('GET', '/api/agents'),
        await call('DELETE', `/api/agents/${agentId}`),
        await call('POST', `/api/agents/${agentId}/tokens`, newToken),
        await call('DELETE', `/api/agents/${agentId}/tokens/${tokenId}`),
      ];
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
      }
    }
    expect((await api.caller({})('GET', '/api/agents')).status).toBe(401);
    expect(api.kicks).toEqual([]);
  });

  it('ACC4 let no token into the log, wherever it was sent', async () => {
    const alice = await api.signedIn();
    const { token } = await api.agentOf(alice.call, ['read']);
    const headers = { authorization: `Bearer ${token}`, cookie: `better-auth.session_token=${token}` };
    await api.caller(headers)('GET', '/api/agents');
    await api.caller(headers)('POST', '/api/agents', { name: token, [token]: token });
    await api.bearer(`${token}x`)('GET', '/api/agents');
    for (const path of [`/api/agents?token=${token}`, `/api/docs/a?q=${token}`, `/nowhere?key=${token}`]) {
      expect([401, 404]).toContain((await api.caller({})('GET', path)).status);
    }
    expect((await api.bearer(token)('GET', '/api/broken?a=b')).status).toBe(500);
    expect(api.lines.some((line) => line.includes('broken on purpose'))).toBe(true);
    expect(api.lines.filter((line) => line.includes(token))).toEqual([]);
  });
});
