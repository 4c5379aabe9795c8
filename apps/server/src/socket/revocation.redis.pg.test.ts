import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { logKey } from '@kryton/engine/log/keys.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import type { Kick } from '../access/kick.ts';
import { KickBus } from '../access/kick-bus.ts';
import { SqlAccess } from '../access/sql-access.ts';
import type { Principal } from '../auth/principal.ts';
import { AccountRows } from '../testing/account-rows.ts';
import { knownPeople } from '../testing/known-people.ts';
import { type RawClient, rawClient } from '../testing/raw-client.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

/** As soon as it may be that a kick is the reason, and before a regular review can be. */
const PROMPTLY_MS = 2_000;
const SHORT_REVIEW_MS = 250;

describe('revocation', () => {
  let cluster: TestCluster;
  let rows: AccountRows;
  let kicks: KickBus;
  const buses: RedisMessageBus[] = [];
  const people = knownPeople();
  const audit = recordedAudit();

  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    const kickBus = async (name: string) => {
      const bus = await RedisMessageBus.connect({ url: urls.redisUrl, name, onError: () => {} });
      buses.push(bus);
      return new KickBus(bus, { warn: () => {} });
    };
    kicks = await kickBus('node-1');
    const second = await kickBus('node-2');
    cluster = await startTestCluster(urls, (database) => {
      const access = new SqlAccess({
        database,
        audit,
        timers: systemTimers,
        now: Date.now,
        createOnOpen: false,
      });
      const parts = { authenticator: people, access, audit };
      return [
        // Far more than a test takes: on these two only a kick ends anything.
        { ...parts, kicks, reviewEveryMs: 600_000 },
        { ...parts, kicks: second, reviewEveryMs: 600_000 },
        // This one never hears a kick.
        { ...parts, reviewEveryMs: SHORT_REVIEW_MS },
      ];
    });
    rows = new AccountRows(cluster.database);
  });
  afterAll(async () => {
    await cluster.stop();
    for (const bus of buses) await bus.close();
  });

  const connect = (node: number, principal: Principal, docId: DocId): Promise<RawClient> =>
    rawClient(nodeAt(cluster, node).port, docId, people.tokenOf(principal));

  function textUpdate(text: string): Uint8Array {
    const doc = new Y.Doc();
    doc.getText('content').insert(0, text);
    return Y.encodeStateAsUpdate(doc);
  }

  /** Somebody with a document open, how that ends in the tables, and what is told of it. */
  type Case = { principal: Principal; docId: DocId; end: () => Promise<unknown>; kick: Kick };

  const cases: [string, number, () => Promise<Case>][] = [
    [
      'a grant is removed',
      4403,
      async () => {
        const [alice, bob] = [await rows.user(), await rows.user()];
        const docId = await rows.document({ [alice.id]: 'owner', [bob.id]: 'editor' });
        const end = () => rows.removeGrant(docId, bob.id);
        return { principal: bob, docId, end, kick: { kind: 'document', docId } };
      },
    ],
    [
      'a link is removed',
      4403,
      async () => {
        const docId = await rows.document();
        const principal = await rows.visitor(docId, 'viewer');
        const end = () => cluster.database.deleteFrom('document_links').where('doc_id', '=', docId).execute();
        return { principal, docId, end, kick: { kind: 'document', docId } };
      },
    ],
    [
      'a document is deleted',
      4404,
      async () => {
        const principal = await rows.user();
        const docId = await rows.document({ [principal.id]: 'owner' });
        return { principal, docId, end: () => rows.markDeleted(docId), kick: { kind: 'document', docId } };
      },
    ],
    [
      'an agent token is revoked',
      4401,
      async () => {
        const alice = await rows.user();
        const docId = await rows.document({ [alice.id]: 'owner' });
        const { principal, agentId, tokenId } = await rows.agent(alice.userId, ['read', 'write']);
        const end = () =>
          sql`UPDATE agent_tokens SET revoked_at = now() WHERE id = ${tokenId}`.execute(cluster.database);
        return { principal, docId, end, kick: { kind: 'agent', agentId, tokenIds: [tokenId] } };
      },
    ],
    [
      'the agent is deleted that minted a document token',
      4401,
      async () => {
        const alice = await rows.user();
        const docId = await rows.document({ [alice.id]: 'owner' });
        const agent = await rows.agent(alice.userId, ['mint']);
        const { agentId, tokenId } = agent;
        const end = () => cluster.database.deleteFrom('agents').where('id', '=', agentId).execute();
        const principal = rows.member(agent, docId, 'editor');
        return { principal, docId, end, kick: { kind: 'agent', agentId, tokenIds: [tokenId] } };
      },
    ],
    [
      'a session ends',
      4401,
      async () => {
        const principal = await rows.user();
        const { sessionId } = principal;
        const docId = await rows.document({ [principal.id]: 'owner' });
        const end = () => cluster.database.deleteFrom('session').where('id', '=', sessionId).execute();
        return { principal, docId, end, kick: { kind: 'session', sessionId } };
      },
    ],
    [
      'a user is disabled',
      4401,
      async () => {
        const principal = await rows.user();
        const { userId } = principal;
        const docId = await rows.document({ [principal.id]: 'owner' });
        const end = () => sql`UPDATE "user" SET banned = true WHERE id = ${userId}`.execute(cluster.database);
        return { principal, docId, end, kick: { kind: 'user', userId } };
      },
    ],
    [
      'the owner of an agent is disabled',
      4401,
      async () => {
        const alice = await rows.user();
        const { userId } = alice;
        const docId = await rows.document({ [alice.id]: 'owner' });
        const { principal } = await rows.agent(userId, ['read']);
        const end = () => sql`UPDATE "user" SET banned = true WHERE id = ${userId}`.execute(cluster.database);
        return { principal, docId, end, kick: { kind: 'user', userId } };
      },
    ],
  ];

  it.each(cases)('ACC2 when %s the socket on another node closes with %i', async (_what, code, prepare) => {
    const { principal, docId, end, kick } = await prepare();
    const client = await connect(1, principal, docId);
    await client.next('sync-step-1');
    await end();
    const startedAt = performance.now();
    await kicks.send(kick);
    expect((await client.closed).code).toBe(code);
    expect(performance.now() - startedAt).toBeLessThan(PROMPTLY_MS);
    await expect(connect(1, principal, docId)).rejects.toThrow('HTTP 404');
    expect(audit.events).toContainEqual(
      expect.objectContaining({ kind: 'kick', subject: principal.id, docId }),
    );
  });

  it.each(cases)(
    'ACC2 when %s and the kick is lost, it closes with %i all the same',
    async (_what, code, prepare) => {
      const { principal, docId, end } = await prepare();
      const client = await connect(2, principal, docId);
      await client.next('sync-step-1');
      await end();
      expect((await client.closed).code).toBe(code);
    },
  );

  it('ACC1 a downgrade counts from the next write, and so does an upgrade', async () => {
    const [alice, bob] = [await rows.user(), await rows.user()];
    const docId = await rows.document({ [alice.id]: 'owner', [bob.id]: 'editor' });
    const client = await connect(1, bob, docId);
    const reader = await connect(0, alice, docId);
    client.update(textUpdate('one'));
    client.barrier(1);
    await client.next('barrier');
    await rows.grant(docId, bob.id, 'viewer');
    await kicks.send({ kind: 'document', docId });
    await client.next('auth', 1, PROMPTLY_MS);
    client.update(textUpdate('two'));
    await client.next('auth', 2);
    expect(await cluster.redis.xlen(logKey(docId))).toBe(1);
    await rows.grant(docId, bob.id, 'editor');
    await kicks.send({ kind: 'document', docId });
    await eventually(
      async () => {
        client.update(textUpdate('three'));
        return (await cluster.redis.xlen(logKey(docId))) > 1;
      },
      { what: 'what an editor writes is appended again', withinMs: PROMPTLY_MS },
    );
    client.close();
    reader.close();
  });
});
