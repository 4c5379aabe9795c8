import { createHash } from 'node:crypto';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Kick } from '../access/kick.ts';
import { ApiError } from '../http/errors.ts';
import { AccountRows } from '../testing/account-rows.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { AgentTokens } from './agent-tokens.ts';
import { Agents } from './agents.ts';
import { IssuedTokens, type NewAgentToken } from './issued-tokens.ts';
import { LastUses } from './last-uses.ts';

const HOUR_S = 3_600;
const NEW: NewAgentToken = { name: 'CI', scopes: ['read', 'write'], docs: null, expiresInSeconds: HOUR_S };

describe('agents', () => {
  let database: DatabaseConnection;
  let rows: AccountRows;
  beforeAll(async () => {
    const url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { applicationName: 'test', connections: 12 });
    await migrate(database.db);
    rows = new AccountRows(database.db);
  });
  afterAll(() => database.close());

  /** One node, its clock in the hands of the test. */
  function node() {
    let passed = 0;
    const started = Date.now();
    const timers = manualTimers();
    const now = () => started + passed;
    const { db } = database;
    const onError = (error: unknown) => expect.fail(String(error));
    const lastUses = new LastUses({ db, timers, now, onError });
    const verifier = new AgentTokens({ db, lastUses, now });
    const audit = recordedAudit();
    const kicks: Kick[] = [];
    const parts = {
      db,
      tokens: verifier,
      kicks: { send: async (kick: Kick) => void kicks.push(kick) },
      audit,
      now,
    };
    return {
      verifier,
      lastUses,
      audit,
      kicks,
      agents: new Agents(parts),
      tokens: new IssuedTokens(parts),
      pass: async (ms: number) => {
        passed += ms;
        await timers.advance(ms);
      },
    };
  }

  async function owner() {
    return { userId: (await rows.user()).userId, address: '192.0.2.1' };
  }

  it('verifies a token as its agent, with all that it is good for', async () => {
    const { agents, tokens, verifier } = node();
    const alice = await owner();
    const docId = await rows.document();
    const agent = await agents.create(alice, 'Robot');
    const issued = await tokens.issue(alice, agent.id, { ...NEW, scopes: ['mint'], docs: [docId] });
    expect(issued.token).toMatch(/^kryton_[A-Za-z0-9_-]{43}$/);
    expect(await verifier.verify(issued.token)).toEqual({
      id: `agent:${agent.id}`,
      kind: 'agent',
      name: 'Robot',
      credential: {
        kind: 'agent-token',
        tokenId: issued.id,
        agentId: agent.id,
        ownerId: alice.userId,
        scopes: ['mint'],
        docs: [docId],
      },
    });
  });

  it('ACC4 stores and lists no token, only its hash, and tells none to the audit log', async () => {
    const { agents, tokens, audit } = node();
    const alice = await owner();
    const agent = await agents.create(alice, 'Robot');
    const { id, token } = await tokens.issue(alice, agent.id, NEW);
    const row = await database.db
      .selectFrom('agent_tokens')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row.token_hash).toEqual(createHash('sha256').update(token).digest());
    const secret = token.slice('kryton_'.length);
    const shown = JSON.stringify([row, await agents.list(alice.userId), audit.events]);
    expect(shown).not.toContain(secret);
    expect(
      audit.events.map(({ kind, actor, subject, address }) => ({ kind, actor, subject, address })),
    ).toEqual(
      ['agent-created', 'agent-token-created'].map((kind) => ({
        kind,
        actor: `user:${alice.userId}`,
        subject: `agent:${agent.id}`,
        address: '192.0.2.1',
      })),
    );
  });

  it('ACC3 takes no token that is malformed, unknown, expired, revoked, or of a disabled owner', async () => {
    const { agents, tokens, verifier, pass } = node();
    const alice = await owner();
    const agent = await agents.create(alice, 'Robot');
    const issue = async (expiresInSeconds = HOUR_S) =>
      await tokens.issue(alice, agent.id, { ...NEW, expiresInSeconds });
    const [good, short, revoked] = [await issue(), await issue(60), await issue()];
    for (const bad of ['kryton_', `${good.token}a`, good.token.slice(0, -1), `kryton_${'a'.repeat(43)}`]) {
      expect(await verifier.verify(bad)).toBeNull();
    }
    for (const { token } of [good, short, revoked]) expect(await verifier.verify(token)).not.toBeNull();
    await pass(59_999);
    expect(await verifier.verify(short.token)).not.toBeNull();
    // By now it is kept as good; its time is up all the same.
    await pass(1);
    expect(await verifier.verify(short.token)).toBeNull();
    await tokens.revoke(alice, agent.id, revoked.id);
    expect(await verifier.verify(revoked.token)).toBeNull();

    const disable = (banned: boolean, banExpires: Date | null) =>
      database.db.updateTable('user').set({ banned, banExpires }).where('id', '=', alice.userId).execute();
    await disable(true, new Date(Date.now() + 60_000));
    verifier.forget({ kind: 'user', userId: alice.userId });
    expect(await verifier.verify(good.token)).toBeNull();
    await disable(true, new Date(Date.now() - 1_000));
    expect(await verifier.verify(good.token)).not.toBeNull();
  });

  it('knows of a revocation on another node at once when told, and in 3 s when not', async () => {
    const [here, there] = [node(), node()];
    const alice = await owner();
    const agent = await here.agents.create(alice, 'Robot');
    const { token, id } = await here.tokens.issue(alice, agent.id, NEW);
    const other = await here.tokens.issue(alice, agent.id, NEW);
    for (const shown of [token, other.token]) expect(await there.verifier.verify(shown)).not.toBeNull();
    await here.tokens.revoke(alice, agent.id, id);
    await here.tokens.revoke(alice, agent.id, id);
    expect(here.kicks).toEqual([{ kind: 'agent', agentId: agent.id, tokenIds: [id] }]);
    expect(here.audit.events.filter(({ kind }) => kind === 'agent-token-revoked')).toHaveLength(1);
    expect(await there.verifier.verify(token)).not.toBeNull();
    for (const kick of here.kicks) there.verifier.forget(kick);
    expect(await there.verifier.verify(token)).toBeNull();
    await here.agents.delete(alice, agent.id);
    await there.pass(3_000);
    expect(await there.verifier.verify(other.token)).toBeNull();
  });

  it('deletes an agent with its tokens and grants, and tells of every token', async () => {
    const { agents, tokens, verifier, kicks } = node();
    const alice = await owner();
    const [agent, stays] = [await agents.create(alice, 'Robot'), await agents.create(alice, 'Other')];
    const first = await tokens.issue(alice, agent.id, NEW);
    const second = await tokens.issue(alice, agent.id, NEW);
    const docId = await rows.document({ [`agent:${agent.id}`]: 'editor', [`agent:${stays.id}`]: 'viewer' });
    expect(await verifier.verify(first.token)).not.toBeNull();
    await agents.delete(alice, agent.id);
    expect(await verifier.verify(first.token)).toBeNull();
    const tokenIds = expect.arrayContaining([first.id, second.id]);
    expect(kicks).toEqual([{ kind: 'agent', agentId: agent.id, tokenIds }]);
    const grants = await database.db
      .selectFrom('document_grants')
      .selectAll()
      .where('doc_id', '=', docId)
      .execute();
    expect(grants.map(({ principal_id }) => principal_id)).toEqual([`agent:${stays.id}`]);
    expect((await agents.list(alice.userId)).map(({ name }) => name)).toEqual(['Other']);
  });

  it('finds nothing of somebody else', async () => {
    const { agents, tokens } = node();
    const [alice, eve] = [await owner(), await owner()];
    const agent = await agents.create(alice, 'Robot');
    const { id } = await tokens.issue(alice, agent.id, NEW);
    const missing = new ApiError('notFound');
    await expect(agents.delete(eve, agent.id)).rejects.toEqual(missing);
    await expect(tokens.issue(eve, agent.id, NEW)).rejects.toEqual(missing);
    await expect(tokens.revoke(eve, agent.id, id)).rejects.toEqual(missing);
    const own = await agents.create(eve, 'Own');
    await expect(tokens.revoke(eve, own.id, id)).rejects.toEqual(missing);
    expect(await agents.list(eve.userId)).toMatchObject([{ name: 'Own', tokens: [] }]);
    const [listed] = await agents.list(alice.userId);
    expect(listed?.tokens).toMatchObject([
      { id, name: 'CI', scopes: ['read', 'write'], docs: null, revokedAt: null },
    ]);
  });

  it('allows 50 agents and 50 tokens in force, also when many are made at once', async () => {
    const { agents, tokens, pass } = node();
    const alice = await owner();
    const outcomes = async (makers: Promise<unknown>[]) => {
      const settled = await Promise.allSettled(makers);
      const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      for (const error of refused) expect(error).toMatchObject({ code: 'conflict' });
      return settled.length - refused.length;
    };
    expect(await outcomes(Array.from({ length: 55 }, () => agents.create(alice, 'Robot')))).toBe(50);
    const [agent] = await agents.list(alice.userId);
    const agentId = agent?.id ?? '';
    const issue = (expiresInSeconds: number) => tokens.issue(alice, agentId, { ...NEW, expiresInSeconds });
    expect(await outcomes(Array.from({ length: 55 }, () => issue(60)))).toBe(50);
    await pass(60_000);
    const fresh = await issue(HOUR_S);
    const left = (await agents.list(alice.userId)).find(({ id }) => id === agentId)?.tokens;
    expect(left).toHaveLength(21);
    expect(left?.[0]?.id).toBe(fresh.id);
  });

  it('looks a token up once for a thousand who show it', async () => {
    const { agents, tokens, verifier } = node();
    const alice = await owner();
    const agent = await agents.create(alice, 'Robot');
    const { token } = await tokens.issue(alice, agent.id, NEW);
    let queries = 0;
    database.pool.on('acquire', () => {
      queries += 1;
    });
    const found = await Promise.all(Array.from({ length: 1_000 }, () => verifier.verify(token)));
    expect(found.filter((principal) => principal === null)).toEqual([]);
    expect(queries).toBe(1);
    database.pool.removeAllListeners('acquire');
  });

  it('notes the last use once a minute, later and for all at once', async () => {
    const { agents, tokens, verifier, lastUses, pass } = node();
    const alice = await owner();
    const agent = await agents.create(alice, 'Robot');
    const { token } = await tokens.issue(alice, agent.id, NEW);
    const unused = await tokens.issue(alice, agent.id, NEW);
    const lastUse = async () => {
      const all = (await agents.list(alice.userId))[0]?.tokens ?? [];
      expect(all.find(({ id }) => id === unused.id)?.lastUsedAt).toBeNull();
      return all.find(({ id }) => id !== unused.id)?.lastUsedAt?.getTime() ?? null;
    };
    await verifier.verify(token);
    expect(await lastUse()).toBeNull();
    await pass(5_000);
    await expect.poll(lastUse).not.toBeNull();
    const first = await lastUse();
    await pass(40_000);
    await verifier.verify(token);
    await lastUses.close();
    expect(await lastUse()).toBe(first);
    await pass(20_000);
    await verifier.verify(token);
    await lastUses.close();
    expect(await lastUse()).toBe((first ?? 0) + 65_000);
  });
});
