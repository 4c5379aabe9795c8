import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Principal } from '../auth/principal.ts';
import { AccountRows } from '../testing/account-rows.ts';
import { recordedAudit } from '../testing/recorded-audit.ts';
import { freshDoc } from '../testing/test-cluster.ts';
import { AccessUnavailable } from './access.ts';
import type { Role } from './role.ts';
import { SqlAccess } from './sql-access.ts';

describe('access by the tables', () => {
  let database: DatabaseConnection;
  let rows: AccountRows;
  let access: SqlAccess;
  /** Another node on the same tables. */
  let other: SqlAccess;
  const audit = recordedAudit();
  beforeAll(async () => {
    const url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { applicationName: 'test' });
    await migrate(database.db);
    rows = new AccountRows(database.db);
    const options = { database: database.db, audit, timers: systemTimers, now: Date.now };
    access = new SqlAccess({ ...options, createOnOpen: true });
    other = new SqlAccess({ ...options, createOnOpen: true });
  });
  afterAll(() => database.close());

  const closing = async (principal: Principal, docId: Parameters<SqlAccess['roleOn']>[1]) => {
    const [verdict] = await access.review([{ principal, docId }]);
    return verdict?.kind === 'ended' ? verdict.close : verdict?.role;
  };

  it('ACC1 gives a user the role of the grant, and nobody else anything', async () => {
    const [alice, bob, eve] = [await rows.user(), await rows.user(), await rows.user()];
    const docId = await rows.document({ [alice.id]: 'owner', [bob.id]: 'viewer' });
    expect(await access.roleOn(alice, docId)).toBe('owner');
    expect(await access.roleOn(bob, docId)).toBe('viewer');
    expect(await access.roleOn(eve, docId)).toBeNull();
    expect(await access.roleOn(alice, freshDoc())).toBeNull();
    expect(await access.roleOn({ ...alice, credential: { kind: 'none' } }, docId)).toBeNull();
    await rows.markDeleted(docId);
    expect(await access.roleOn(alice, docId)).toBeNull();
  });

  it('takes no session for that of another user', async () => {
    const [alice, eve] = [await rows.user(), await rows.user()];
    const docId = await rows.document({ [alice.id]: 'owner' });
    const forged = {
      ...eve,
      credential: { kind: 'session' as const, sessionId: eve.sessionId, userId: alice.userId },
    };
    expect(await access.roleOn(forged, docId)).toBeNull();
  });

  it('counts an admin as owner of what nobody owns', async () => {
    const [admin, alice] = [await rows.user({ isAdmin: true }), await rows.user()];
    const orphan = await rows.document({ [alice.id]: 'editor' });
    expect(await access.roleOn(admin, orphan)).toBe('owner');
    const owned = await rows.document({ [alice.id]: 'owner' });
    expect(await access.roleOn(admin, owned)).toBeNull();
    const { principal } = await rows.agent(admin.userId, ['read', 'write']);
    expect(await access.roleOn(principal, orphan)).toBeNull();
  });

  it.each<[readonly ('read' | 'write' | 'mint')[], Role | null, Role | null, Role | null]>([
    [['read'], 'owner', null, 'viewer'],
    [['read', 'write'], 'owner', null, 'editor'],
    [['read', 'write'], 'viewer', null, 'viewer'],
    [['read', 'write'], 'viewer', 'editor', 'editor'],
    [['read', 'write'], null, 'viewer', 'viewer'],
    [['write'], null, null, null],
    [['mint'], 'owner', 'editor', null],
  ])('an agent with %j, its owner being %s and itself %s, is %s', async (scopes, owners, own, expected) => {
    const alice = await rows.user();
    const { principal } = await rows.agent(alice.userId, scopes);
    const docId = await rows.document();
    if (owners) await rows.grant(docId, alice.id, owners);
    if (own) await rows.grant(docId, principal.id, own);
    expect(await access.roleOn(principal, docId)).toBe(expected);
  });

  it('keeps an agent token to its documents, and what it minted too', async () => {
    const alice = await rows.user();
    const docId = await rows.document({ [alice.id]: 'owner' });
    const elsewhere = await rows.document({ [alice.id]: 'owner' });
    const agent = await rows.agent(alice.userId, ['read', 'write', 'mint'], [docId]);
    expect(await access.roleOn(agent.principal, docId)).toBe('editor');
    expect(await access.roleOn(agent.principal, elsewhere)).toBeNull();
    expect(await access.roleOn(rows.member(agent, elsewhere, 'editor'), elsewhere)).toBeNull();
  });

  it('gives a document token the less of what it says and what its minter may', async () => {
    const alice = await rows.user();
    const docId = await rows.document({ [alice.id]: 'owner' });
    const agent = await rows.agent(alice.userId, ['mint']);
    expect(await access.roleOn(rows.member(agent, docId, 'editor'), docId)).toBe('editor');
    expect(await access.roleOn(rows.member(agent, docId, 'viewer'), docId)).toBe('viewer');
    expect(await access.roleOn(rows.member(agent, docId, 'editor'), await rows.document())).toBeNull();
    await rows.grant(docId, alice.id, 'viewer');
    expect(await access.roleOn(rows.member(agent, docId, 'editor'), docId)).toBe('viewer');
    expect(await closing(rows.member(agent, docId, 'viewer', Date.now() - 1), docId)).toBe('sessionEnded');
  });

  it('gives whoever has the link its role, on its document', async () => {
    const docId = await rows.document();
    const visitor = await rows.visitor(docId, 'editor');
    expect(await access.roleOn(visitor, docId)).toBe('editor');
    expect(await access.roleOn(visitor, await rows.document())).toBeNull();
    await database.db.deleteFrom('document_links').where('doc_id', '=', docId).execute();
    expect(await closing(visitor, docId)).toBe('grantRemoved');
  });

  it('names what ended: the credential before the document before the grant', async () => {
    const alice = await rows.user();
    const docId = await rows.document({ [alice.id]: 'editor' });
    expect(await closing(alice, docId)).toBe('editor');
    await rows.removeGrant(docId, alice.id);
    expect(await closing(alice, docId)).toBe('grantRemoved');
    await rows.markDeleted(docId);
    expect(await closing(alice, docId)).toBe('documentDeleted');
    await database.db.deleteFrom('session').where('id', '=', alice.sessionId).execute();
    expect(await closing(alice, docId)).toBe('sessionEnded');
  });

  it('ends sessions that expired, and what a disabled user and their agents hold, until they are enabled', async () => {
    const alice = await rows.user();
    const docId = await rows.document({ [alice.id]: 'owner' });
    const agent = await rows.agent(alice.userId, ['read', 'mint']);
    const all = [alice, agent.principal, rows.member(agent, docId, 'viewer')];
    const expired = { kind: 'session' as const, sessionId: await rows.session(alice.userId, -1_000) };
    const stale = { ...alice, credential: { ...expired, userId: alice.userId } };
    expect(await closing(stale, docId)).toBe('sessionEnded');
    const ban = (until: Date | null) =>
      sql`UPDATE "user" SET banned = true, "banExpires" = ${until} WHERE id = ${alice.userId}`.execute(
        database.db,
      );
    await ban(null);
    for (const principal of all) expect(await closing(principal, docId)).toBe('sessionEnded');
    await ban(new Date(Date.now() + 60_000));
    expect(await closing(alice, docId)).toBe('sessionEnded');
    await ban(new Date(Date.now() - 60_000));
    for (const principal of all) expect(await access.roleOn(principal, docId)).not.toBeNull();
  });

  it('ends an agent token that is revoked, expired or without its agent, and what it minted', async () => {
    const alice = await rows.user();
    const docId = await rows.document({ [alice.id]: 'owner' });
    const ends = [
      (tokenId: string) =>
        sql`UPDATE agent_tokens SET revoked_at = now() WHERE id = ${tokenId}`.execute(database.db),
      (tokenId: string) =>
        sql`UPDATE agent_tokens SET expires_at = now() WHERE id = ${tokenId}`.execute(database.db),
      (_tokenId: string, agentId: string) =>
        database.db.deleteFrom('agents').where('id', '=', agentId).execute(),
    ];
    for (const end of ends) {
      const agent = await rows.agent(alice.userId, ['read', 'mint']);
      const member = rows.member(agent, docId, 'viewer');
      expect(await access.roleOn(agent.principal, docId)).toBe('viewer');
      await end(agent.tokenId, agent.agentId);
      expect(await closing(agent.principal, docId)).toBe('sessionEnded');
      expect(await closing(member, docId)).toBe('sessionEnded');
    }
  });

  it('reviews many claims in one query, in the order asked, repeated ones too', async () => {
    const [alice, bob] = [await rows.user(), await rows.user()];
    const docId = await rows.document({ [alice.id]: 'owner' });
    let queries = 0;
    const counting = database.db.withPlugin({
      transformQuery: ({ node }) => {
        queries++;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const counted = new SqlAccess({
      database: counting,
      audit,
      timers: systemTimers,
      now: Date.now,
      createOnOpen: false,
    });
    const claims = Array.from({ length: 3_000 }, (_, index) => ({
      principal: index % 3 === 0 ? bob : alice,
      docId: index % 3 === 2 ? null : docId,
    }));
    const verdicts = await counted.review(claims);
    expect(queries).toBe(1);
    expect(verdicts.slice(0, 3)).toEqual([
      { kind: 'ended', close: 'grantRemoved' },
      { kind: 'role', role: 'owner' },
      { kind: 'role', role: 'viewer' },
    ]);
    expect(verdicts.slice(2_997)).toEqual(verdicts.slice(0, 3));
    queries = 0;
    await Promise.all(Array.from({ length: 500 }, () => counted.roleOn(alice, docId)));
    expect(queries).toBe(1);
  });

  it('creates what a user or guest opens first, on whichever node, with one owner', async () => {
    const people = await Promise.all([rows.user(), rows.user(), rows.user({ isGuest: true }), rows.user()]);
    const docIds = Array.from({ length: 20 }, freshDoc);
    const roles = await Promise.all(
      docIds.map((docId) =>
        Promise.all(people.map((person, index) => (index % 2 ? other : access).admit(person, docId))),
      ),
    );
    for (const [index, docId] of docIds.entries()) {
      expect(roles[index]?.filter((role) => role === 'owner')).toHaveLength(1);
      expect(roles[index]?.filter((role) => role === null)).toHaveLength(3);
      const created = audit.events.filter((event) => event.docId === docId);
      const owner = people[roles[index]?.indexOf('owner') ?? -1];
      expect(created).toEqual([{ kind: 'document-created', actor: owner?.id, docId }]);
    }
  });

  it('creates nothing for an agent or a visitor, nothing twice, and nothing where it is not allowed', async () => {
    const alice = await rows.user();
    const { principal } = await rows.agent(alice.userId, ['read', 'write']);
    expect(await access.admit(principal, freshDoc())).toBeNull();
    const deleted = await rows.document({ [alice.id]: 'owner' });
    await rows.markDeleted(deleted);
    expect(await access.admit(alice, deleted)).toBeNull();
    const taken = await rows.document();
    expect(await access.admit(alice, taken)).toBeNull();
    const strict = new SqlAccess({
      database: database.db,
      audit,
      timers: systemTimers,
      now: Date.now,
      createOnOpen: false,
    });
    const docId = freshDoc();
    expect(await strict.admit(alice, docId)).toBeNull();
    expect(await strict.roleOn(alice, docId)).toBeNull();
  });

  it('says that the tables cannot be read', async () => {
    const alice = await rows.user();
    const url = await createDatabase(inject('postgresUrl'));
    const empty = await connectDatabase({ url }, { applicationName: 'test' });
    const broken = new SqlAccess({
      database: empty.db,
      audit,
      timers: systemTimers,
      now: Date.now,
      createOnOpen: true,
    });
    await expect(broken.roleOn(alice, freshDoc())).rejects.toThrow(AccessUnavailable);
    await expect(broken.review([{ principal: alice, docId: freshDoc() }])).rejects.toThrow(AccessUnavailable);
    await empty.close();
  });
});
