import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Principal } from '../auth/principal.ts';
import { type DocumentCluster, startDocumentCluster } from '../testing/document-cluster.ts';
import { rawClient } from '../testing/raw-client.ts';
import { nodeAt } from '../testing/test-cluster.ts';

describe('the routes of grants', () => {
  let site: DocumentCluster;
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    site = await startDocumentCluster(urls);
  });
  afterAll(() => site.stop());

  const put = (who: Principal, docId: string, target: string, role: string) =>
    site.ask(0, who, 'PUT', `/api/docs/${docId}/grants/${target}`, { role });
  const remove = (who: Principal, docId: string, target: string) =>
    site.ask(0, who, 'DELETE', `/api/docs/${docId}/grants/${target}`);
  const roleOf = async (who: Principal, docId: string) => {
    const { body } = await site.ask(1, who, 'GET', `/api/docs/${docId}`);
    return (body as { role?: string }).role;
  };

  it('grants to a user by id or address, to an agent, and shows who may do what', async () => {
    const [alice, bob, carol] = [
      await site.rows.user({ name: 'Alice' }),
      await site.rows.user({ name: 'Bob' }),
      await site.rows.user({ name: 'Carol' }),
    ];
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    const { principal: agent } = await site.rows.agent(carol.userId, ['read', 'write']);
    expect(await put(alice, docId, bob.id, 'editor')).toMatchObject({
      status: 200,
      body: { principalId: bob.id, role: 'editor' },
    });
    const address = `email:${carol.userId.toUpperCase()}@Example.com`;
    expect(await put(alice, docId, encodeURIComponent(address), 'viewer')).toMatchObject({
      status: 200,
      body: { principalId: carol.id, role: 'viewer' },
    });
    expect((await put(alice, docId, agent.id, 'editor')).status).toBe(200);
    expect(await roleOf(bob, docId)).toBe('editor');
    expect(await roleOf(carol, docId)).toBe('viewer');
    expect(await roleOf(agent, docId)).toBe('editor');
    expect(await site.ask(0, alice, 'GET', `/api/docs/${docId}/grants`)).toMatchObject({
      status: 200,
      body: {
        grants: [
          { principalId: alice.id, kind: 'user', name: 'Alice', role: 'owner' },
          {
            principalId: bob.id,
            kind: 'user',
            name: 'Bob',
            email: `${bob.userId}@example.com`,
            role: 'editor',
          },
          { principalId: carol.id, kind: 'user', name: 'Carol', role: 'viewer' },
          { principalId: agent.id, kind: 'agent', name: 'An agent', email: null, role: 'editor' },
        ],
        link: null,
      },
    });
    expect(site.audit.events).toContainEqual({
      kind: 'grant-changed',
      actor: alice.id,
      subject: bob.id,
      docId,
      address: '127.0.0.1',
      details: { role: 'editor' },
    });
  });

  it('answers 404 for nobody, 400 for what is no principal, and makes no program an owner', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    const { principal: agent } = await site.rows.agent(alice.userId, ['read', 'write']);
    for (const target of ['user:nobody', 'agent:nobody', 'email:nobody@example.com'])
      expect(await put(alice, docId, target, 'viewer'), target).toMatchObject({ status: 404 });
    for (const target of ['nobody', 'member:a:b', 'user:', 'user:a%00b'])
      expect(await put(alice, docId, target, 'viewer'), target).toMatchObject({ status: 400 });
    expect((await put(alice, docId, agent.id, 'owner')).status).toBe(400);
    expect((await put(alice, docId, 'link', 'owner')).status).toBe(400);
    expect((await put(alice, docId, agent.id, 'admin')).status).toBe(400);
    expect((await remove(alice, docId, 'user:nobody')).status).toBe(404);
    expect((await remove(alice, docId, 'link')).status).toBe(404);
  });

  it('ACC1 an agent never grants, whatever its owner may', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    const { principal: agent } = await site.rows.agent(alice.userId, ['read', 'write', 'mint']);
    expect((await put(agent, docId, agent.id, 'editor')).status).toBe(403);
    expect((await put(agent, docId, 'link', 'viewer')).status).toBe(403);
    expect((await remove(agent, docId, alice.id)).status).toBe(403);
    expect((await site.ask(0, agent, 'GET', `/api/docs/${docId}/grants`)).status).toBe(403);
    expect((await site.ask(0, agent, 'DELETE', `/api/docs/${docId}`)).status).toBe(403);
  });

  it('keeps a last owner, also when two owners remove each other at once', async () => {
    const [alice, bob] = [await site.rows.user(), await site.rows.user()];
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    expect(await remove(alice, docId, alice.id)).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
    expect((await put(alice, docId, alice.id, 'editor')).status).toBe(409);
    for (let round = 0; round < 10; round++) {
      await site.rows.grant(docId, alice.id, 'owner');
      await site.rows.grant(docId, bob.id, 'owner');
      const answers = await Promise.all([
        site.ask(0, alice, 'DELETE', `/api/docs/${docId}/grants/${bob.id}`),
        site.ask(1, bob, 'DELETE', `/api/docs/${docId}/grants/${alice.id}`),
      ]);
      expect(answers.filter((answer) => answer.status === 204)).toHaveLength(1);
      const roles = await Promise.all([roleOf(alice, docId), roleOf(bob, docId)]);
      expect(roles.filter((role) => role === 'owner')).toHaveLength(1);
    }
  });

  it('lets a person leave, and nobody else remove anybody', async () => {
    const [alice, bob, carol] = [await site.rows.user(), await site.rows.user(), await site.rows.user()];
    const docId = await site.rows.document({ [alice.id]: 'owner', [bob.id]: 'viewer', [carol.id]: 'editor' });
    expect((await remove(carol, docId, bob.id)).status).toBe(403);
    expect((await remove(bob, docId, bob.id)).status).toBe(204);
    expect(await roleOf(bob, docId)).toBeUndefined();
    expect((await remove(bob, docId, bob.id)).status).toBe(404);
  });

  it('an admin gives an owner to a document that has none', async () => {
    const [admin, alice] = [await site.rows.user({ isAdmin: true }), await site.rows.user()];
    const docId = await site.rows.document();
    expect((await put(admin, docId, alice.id, 'owner')).status).toBe(200);
    expect(await roleOf(alice, docId)).toBe('owner');
    expect((await put(admin, docId, admin.id, 'owner')).status).toBe(404);
  });

  it('ACC2 a link works until it is removed, keeps its token when its role changes, and a new one is another', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    const made = await put(alice, docId, 'link', 'editor');
    expect(made).toMatchObject({ status: 200, body: { principalId: 'link', role: 'editor' } });
    const { token } = made.body as { token: string };
    const { port } = nodeAt(site.cluster, 1);
    const visitor = await rawClient(port, docId, token);
    await visitor.next('sync-step-1');
    const changed = await put(alice, docId, 'link', 'viewer');
    expect(changed.body).toEqual({ principalId: 'link', role: 'viewer', token });
    await visitor.next('auth', 1, 2_000);
    expect(await site.ask(0, alice, 'GET', `/api/docs/${docId}/grants`)).toMatchObject({
      body: { link: { role: 'viewer', token } },
    });
    const startedAt = performance.now();
    expect((await remove(alice, docId, 'link')).status).toBe(204);
    expect((await visitor.closed).code).toBe(4403);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect(rawClient(port, docId, token)).rejects.toThrow('HTTP 404');
    const again = await put(alice, docId, 'link', 'viewer');
    expect((again.body as { token: string }).token).not.toBe(token);
    await expect(rawClient(port, docId, token)).rejects.toThrow('HTTP 404');
  });

  it('ACC2 who has a grant taken away is sent away from the other node within 2 s', async () => {
    const [alice, bob] = [await site.rows.user(), await site.rows.user()];
    const docId = await site.rows.document({ [alice.id]: 'owner', [bob.id]: 'editor' });
    const client = await rawClient(nodeAt(site.cluster, 1).port, docId, site.tokenOf(bob));
    await client.next('sync-step-1');
    const startedAt = performance.now();
    expect((await remove(alice, docId, bob.id)).status).toBe(204);
    expect((await client.closed).code).toBe(4403);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await eventually(
      () => site.audit.events.some(({ kind, subject }) => kind === 'kick' && subject === bob.id),
      {
        what: 'the kick is in the audit log',
      },
    );
  });
});
