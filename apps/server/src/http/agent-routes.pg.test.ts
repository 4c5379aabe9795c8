import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import type { FastifyInstance } from 'fastify';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Kick } from '../access/kick.ts';
import { SqlAccess } from '../access/sql-access.ts';
import { AgentTokens } from '../auth/agent-tokens.ts';
import { Agents } from '../auth/agents.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import { DocumentTokens } from '../auth/document-tokens.ts';
import { IssuedTokens } from '../auth/issued-tokens.ts';
import { LastUses } from '../auth/last-uses.ts';
import { LinkTokens } from '../auth/link-tokens.ts';
import { SigningKeys } from '../auth/signing-keys.ts';
import { RateLimits } from '../limits/rate-limits.ts';
import { AccountRows } from '../testing/account-rows.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { agentRoutes } from './agent-routes.ts';
import { mountRoutes } from './api.ts';
import { documentTokenRoutes, registerJwksRoute } from './document-token-routes.ts';
import { createHttpServer } from './http-server.ts';

const ORIGIN = 'https://docs.example.com';
const SECRET = 'a secret of the test, long enough';
const HOUR_S = 3_600;

describe('the routes of agents and their tokens', () => {
  let database: DatabaseConnection;
  let rows: AccountRows;
  let app: FastifyInstance;
  let baseUrl: string;
  let access: SqlAccess;
  let verify: AgentTokens;
  let links: LinkTokens;
  const kicks: Kick[] = [];
  const audit = recordedAudit();
  const lines: string[] = [];
  /** Whose session is which cookie. */
  const sessions = new Map<string, Awaited<ReturnType<AccountRows['user']>>>();

  beforeAll(async () => {
    const url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { applicationName: 'test' });
    const { db } = database;
    await migrate(db);
    rows = new AccountRows(db);
    const now = Date.now;
    const onError = (error: unknown) => expect.fail(String(error));
    const lastUses = new LastUses({ db, timers: manualTimers(), now, onError });
    verify = new AgentTokens({ db, lastUses, now });
    links = new LinkTokens(SECRET);
    const keys = new SigningKeys({ db, secret: SECRET, now });
    const documentTokens = new DocumentTokens({ keys, issuer: ORIGIN, now });
    access = new SqlAccess({ database: db, audit, timers: systemTimers, now, createOnOpen: false });
    const authenticator = createAuthenticator({
      sessions: {
        read: async (header) => {
          const user = sessions.get(header);
          return user ? { ...user, kind: user.kind === 'guest' ? 'guest' : 'user' } : null;
        },
      },
      agentTokens: verify,
      documentTokens,
      links,
      allowedOrigins: [ORIGIN],
    });
    const parts = {
      db,
      tokens: verify,
      kicks: { send: async (kick: Kick) => void kicks.push(kick) },
      audit,
      now,
    };
    const limits = { handshakes: 1_000, requests: 1_000, messages: 1_000, failures: 1_000 };
    const rates = new RateLimits({ limits, counters: null, wallClock: now, onError });
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    app = createHttpServer({ logger, trustProxy: false, connections: 10 });
    registerJwksRoute(app, keys);
    await mountRoutes(app, { authenticator, rates }, async (api) => {
      agentRoutes({ agents: new Agents(parts), tokens: new IssuedTokens(parts) })(api);
      documentTokenRoutes({ documentTokens, access, audit, now })(api);
      // Where a document token may go, and where not.
      for (const path of ['/api/docs/:docId/content', '/api/docs/:docId', '/api/plugins/chat/:docId']) {
        api.get(path, async ({ principal }) => ({ id: principal.id }));
      }
      api.get('/api/broken', () => Promise.reject(new Error('broken on purpose')));
    });
    baseUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await app.close();
    await database.close();
  });
  beforeEach(() => {
    kicks.length = 0;
    audit.events.length = 0;
  });

  type Answer = {
    readonly status: number;
    readonly body: Record<string, unknown> & { readonly [key: string]: unknown };
  };
  type Caller = (method: string, path: string, body?: unknown) => Promise<Answer>;

  function caller(headers: Readonly<Record<string, string>>): Caller {
    return async (method, path, body) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await fetch(baseUrl + path, {
        method,
        headers: { ...headers, ...json },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
    };
  }

  const bearer = (token: string) => caller({ authorization: `Bearer ${token}` });

  async function signedIn(options: Parameters<AccountRows['user']>[0] = {}) {
    const user = await rows.user(options);
    const cookie = `better-auth.session_token=${user.sessionId}`;
    sessions.set(cookie, user);
    return { ...user, call: caller({ cookie, origin: ORIGIN }) };
  }

  async function agentOf(call: Caller, scopes: string[], docs?: DocId[]) {
    const { body: agent } = await call('POST', '/api/agents', { name: 'Robot' });
    const wanted = { name: 'CI', scopes, docs, expiresInSeconds: HOUR_S };
    const { status, body } = await call('POST', `/api/agents/${agent['id']}/tokens`, wanted);
    expect(status).toBe(201);
    return { agentId: String(agent['id']), tokenId: String(body['id']), token: String(body['token']) };
  }

  it('create, list, revoke and delete; the token is shown once', async () => {
    const alice = await signedIn();
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
    expect((await bearer(String(issued['token']))('GET', '/api/docs/a')).status).toBe(401);
    expect(await alice.call('DELETE', `/api/agents/${agentId}`)).toEqual({ status: 204, body: {} });
    expect((await alice.call('DELETE', `/api/agents/${agentId}`)).status).toBe(404);
    expect((await alice.call('GET', '/api/agents')).body).toEqual({ agents: [] });
    expect(kicks.map(({ kind }) => kind)).toEqual(['agent', 'agent']);
    expect(audit.events.map(({ kind, address }) => [kind, address])).toEqual(
      ['agent-created', 'agent-token-created', 'agent-token-revoked', 'agent-deleted'].map((kind) => [
        kind,
        '127.0.0.1',
      ]),
    );
  });

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
  ])('refuse a token with %s', async (_name, wrong) => {
    const alice = await signedIn();
    const { body } = await alice.call('POST', '/api/agents', { name: 'Robot' });
    const wanted = { name: 'CI', scopes: ['read'], expiresInSeconds: HOUR_S, ...wrong };
    const answer = await alice.call('POST', `/api/agents/${body['id']}/tokens`, wanted);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'badRequest' } } });
  });

  it('ACC1 let nobody but a signed-in user make agents and tokens', async () => {
    const alice = await signedIn();
    const docId = await rows.document({ [alice.id]: 'owner' });
    const { agentId, tokenId, token } = await agentOf(alice.call, ['read', 'write', 'mint']);
    const minted = { userId: 'bob', name: 'Bob', role: 'editor', expiresInSeconds: 60 };
    const member = await bearer(token)('POST', `/api/docs/${docId}/tokens`, minted);
    expect(member.status).toBe(201);
    const callers = {
      agent: bearer(token),
      member: bearer(String(member.body['token'])),
      visitor: bearer(links.tokenOf(docId, links.newLinkId())),
      guest: (await signedIn({ isGuest: true })).call,
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
    expect((await caller({})('GET', '/api/agents')).status).toBe(401);
    expect(kicks).toEqual([]);
  });

  it('mint a document token that the published keys verify and that is its role on its document', async () => {
    const alice = await signedIn();
    const docId = await rows.document({ [alice.id]: 'owner' });
    const { agentId, token } = await agentOf(alice.call, ['mint'], [docId]);
    const wanted = { userId: 'bob', name: 'Bob', role: 'viewer', expiresInSeconds: 60 };
    const { status, body } = await bearer(token)('POST', `/api/docs/${docId}/tokens`, wanted);
    expect({ status, keys: Object.keys(body) }).toEqual({ status: 201, keys: ['token', 'expiresAt'] });
    const minted = String(body['token']);
    expect(audit.events.at(-1)).toMatchObject({
      ...{
        kind: 'document-token-minted',
        actor: `agent:${agentId}`,
        subject: `member:${agentId}:bob`,
        docId,
      },
      details: { role: 'viewer' },
    });

    const published = await fetch(`${baseUrl}/.well-known/jwks.json`);
    expect(published.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(published.headers.get('cache-control')).toBe('public, max-age=300');
    const jwks = (await published.json()) as JSONWebKeySet;
    for (const key of jwks.keys) expect(key).not.toHaveProperty('d');
    expect(jwks.keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(minted).kid);
    const { payload } = await jwtVerify(minted, createLocalJWKSet(jwks), {
      issuer: ORIGIN,
      audience: 'kryton',
    });
    expect(payload).toMatchObject({ sub: 'bob', name: 'Bob', doc: docId, role: 'viewer', agent: agentId });

    const bob = bearer(minted);
    expect(await bob('GET', `/api/docs/${docId}/content`)).toEqual({
      status: 200,
      body: { id: `member:${agentId}:bob` },
    });
    expect((await bob('GET', `/api/plugins/chat/${docId}`)).status).toBe(200);
    expect((await bob('GET', `/api/docs/${docId}`)).status).toBe(403);
    expect((await bob('POST', `/api/docs/${docId}/tokens`, wanted)).status).toBe(403);
  });

  it('ACC1 mint no more than the agent has a hold of', async () => {
    const alice = await signedIn();
    const own = await rows.document({ [alice.id]: 'owner' });
    const read = await rows.document({ [alice.id]: 'viewer' });
    const others = await rows.document();
    const minter = bearer((await agentOf(alice.call, ['mint'])).token);
    const mint = async (call: Caller, docId: string, more: object = {}) => {
      const wanted = { userId: 'bob', name: 'Bob', role: 'editor', expiresInSeconds: 60, ...more };
      return (await call('POST', `/api/docs/${docId}/tokens`, wanted)).status;
    };
    expect(await mint(minter, own)).toBe(201);
    expect(await mint(minter, read, { role: 'viewer' })).toBe(201);
    expect(await mint(minter, read)).toBe(403);
    expect(await mint(minter, own, { role: 'owner' })).toBe(400);
    expect(await mint(minter, own, { expiresInSeconds: 86_401 })).toBe(400);
    expect(await mint(minter, own, { expiresInSeconds: 59 })).toBe(400);
    expect(await mint(minter, own, { userId: 'bob\nroot' })).toBe(400);
    expect(await mint(minter, own, { name: '' })).toBe(400);
    for (const missing of [others, 'never-created']) expect(await mint(minter, missing)).toBe(404);
    await rows.markDeleted(own);
    expect(await mint(minter, own)).toBe(404);

    const second = await rows.document({ [alice.id]: 'owner' });
    const bound = bearer((await agentOf(alice.call, ['mint'], [read])).token);
    expect(await mint(bound, second)).toBe(404);
    const unscoped = bearer((await agentOf(alice.call, ['read', 'write'])).token);
    expect(await mint(unscoped, second)).toBe(403);
    expect(await mint(unscoped, 'never-created')).toBe(403);
    expect(await mint(alice.call, second)).toBe(403);
    expect(await mint(minter, 'no%20id')).toBe(400);
  });

  it('ACC4 let no token into the log, wherever it was sent', async () => {
    const alice = await signedIn();
    const { token } = await agentOf(alice.call, ['read']);
    const headers = { authorization: `Bearer ${token}`, cookie: `better-auth.session_token=${token}` };
    await caller(headers)('GET', '/api/agents');
    await caller(headers)('POST', '/api/agents', { name: token, [token]: token });
    await bearer(`${token}x`)('GET', '/api/agents');
    for (const path of [`/api/agents?token=${token}`, `/api/docs/a?q=${token}`, `/nowhere?key=${token}`]) {
      expect([401, 404]).toContain((await caller({})('GET', path)).status);
    }
    expect((await bearer(token)('GET', '/api/broken?a=b')).status).toBe(500);
    expect(lines.some((line) => line.includes('broken on purpose'))).toBe(true);
    expect(lines.filter((line) => line.includes(token))).toEqual([]);
  });
});
