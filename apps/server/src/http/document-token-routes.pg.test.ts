import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Caller, startTokenApi, TOKEN_API_ORIGIN, type TokenApi } from '../testing/token-api.ts';

describe('the routes of document tokens', () => {
  let api: TokenApi;
  beforeAll(async () => {
    api = await startTokenApi(await createDatabase(inject('postgresUrl')));
  });
  afterAll(() => api.stop());

  it('mint a document token that the published keys verify and that is its role on its document', async () => {
    const alice = await api.signedIn();
    const docId = await api.rows.document({ [alice.id]: 'owner' });
    const { agentId, token } = await api.agentOf(alice.call, ['mint'], [docId]);
    const wanted = { userId: 'bob', name: 'Bob', role: 'viewer', expiresInSeconds: 60 };
    const { status, body } = await api.bearer(token)('POST', `/api/docs/${docId}/tokens`, wanted);
    expect({ status, keys: Object.keys(body) }).toEqual({ status: 201, keys: ['token', 'expiresAt'] });
    const minted = String(body['token']);
    expect(api.audit.events.at(-1)).toMatchObject({
      ...{
        kind: 'document-token-minted',
        actor: `agent:${agentId}`,
        subject: `member:${agentId}:bob`,
        docId,
      },
      details: { role: 'viewer' },
    });

    const published = await fetch(`${api.baseUrl}/.well-known/jwks.json`);
    expect(published.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(published.headers.get('cache-control')).toBe('public, max-age=300');
    const jwks = (await published.json()) as JSONWebKeySet;
    for (const key of jwks.keys) expect(key).not.toHaveProperty('d');
    expect(jwks.keys.map(({ kid }) => kid)).toContain(decodeProtectedHeader(minted).kid);
    const { payload } = await jwtVerify(minted, createLocalJWKSet(jwks), {
      issuer: TOKEN_API_ORIGIN,
      audience: 'kryton',
    });
    expect(payload).toMatchObject({ sub: 'bob', name: 'Bob', doc: docId, role: 'viewer', agent: agentId });

    const bob = api.bearer(minted);
    expect(await bob('GET', `/api/docs/${docId}/content`)).toEqual({
      status: 200,
      body: { id: `member:${agentId}:bob` },
    });
    expect((await bob('GET', `/api/plugins/chat/${docId}`)).status).toBe(200);
    expect((await bob('GET', `/api/docs/${docId}`)).status).toBe(403);
    expect((await bob('POST', `/api/docs/${docId}/tokens`, wanted)).status).toBe(403);
  });

  it('ACC1 mint no more than the agent has a hold of', async () => {
    const alice = await api.signedIn();
    const own = await api.rows.document({ [alice.id]: 'owner' });
    const read = await api.rows.document({ [alice.id]: 'viewer' });
    const others = await api.rows.document();
    const minter = api.bearer((await api.agentOf(alice.call, ['mint'])).token);
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
    await api.rows.markDeleted(own);
    expect(await mint(minter, own)).toBe(404);

    const second = await api.rows.document({ [alice.id]: 'owner' });
    const bound = api.bearer((await api.agentOf(alice.call, ['mint'], [read])).token);
    expect(await mint(bound, second)).toBe(404);
    const unscoped = api.bearer((await api.agentOf(alice.call, ['read', 'write'])).token);
    expect(await mint(unscoped, second)).toBe(403);
    expect(await mint(unscoped, 'never-created')).toBe(403);
    expect(await mint(alice.call, second)).toBe(403);
    expect(await mint(minter, 'no%20id')).toBe(400);
  });
});
