import { logKey } from '@kryton/engine/log/keys.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import type { Principal } from '../auth/principal.ts';
import { type DocumentCluster, startDocumentCluster } from '../testing/document-cluster.ts';
import { rawClient } from '../testing/raw-client.ts';
import { freshDoc, nodeAt } from '../testing/test-cluster.ts';

describe('the routes of documents', () => {
  let site: DocumentCluster;
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    site = await startDocumentCluster(urls, { createOnOpen: true });
  });
  afterAll(() => site.stop());

  const status = async (
    principal: Principal | null,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<number> => (await site.ask(0, principal, method, path, body)).status;
  const connect = (node: number, principal: Principal, docId: string) =>
    rawClient(nodeAt(site.cluster, node).port, docId, site.tokenOf(principal));

  it('creates, shows, renames and lists a document', async () => {
    const alice = await site.rows.user();
    const created = await site.ask(0, alice, 'POST', '/api/docs', { title: '  Plans ' });
    expect(created).toMatchObject({ status: 201, body: { title: 'Plans', role: 'owner' } });
    const { id } = created.body as { id: string };
    expect(await site.ask(1, alice, 'GET', `/api/docs/${id}`)).toMatchObject({
      status: 200,
      body: created.body,
    });
    const renamed = await site.ask(1, alice, 'PATCH', `/api/docs/${id}`, { title: 'Plans 2' });
    expect(renamed).toMatchObject({ status: 200, body: { id, title: 'Plans 2', role: 'owner' } });
    expect(await site.ask(0, alice, 'GET', '/api/docs')).toMatchObject({
      status: 200,
      body: { documents: [renamed.body], nextCursor: null },
    });
    expect(site.audit.events).toContainEqual({
      kind: 'document-created',
      actor: alice.id,
      docId: id,
      address: '127.0.0.1',
    });
  });

  it('takes no id twice, not even of a deleted document, and says alike why', async () => {
    const [alice, eve] = [await site.rows.user(), await site.rows.user()];
    const id = freshDoc();
    expect(await status(alice, 'POST', '/api/docs', { id })).toBe(201);
    const taken = await site.ask(0, eve, 'POST', '/api/docs', { id });
    expect(await status(alice, 'DELETE', `/api/docs/${id}`)).toBe(204);
    const deleted = await site.ask(0, eve, 'POST', '/api/docs', { id });
    expect(taken.status).toBe(409);
    expect(deleted).toEqual(taken);
    await expect(connect(1, alice, id)).rejects.toThrow('HTTP 404');
  });

  it.each([
    ['a long title', { title: 'x'.repeat(201) }],
    ['a title of two lines', { title: 'two\nlines' }],
    ['a title with NUL', { title: 'nul\0' }],
    ['a title that runs backwards', { title: 'gpj.\u202Efdp' }],
    ['half a surrogate pair', { title: 'half \uD83D' }],
    ['a number', { title: 7 }],
    ['a path', { id: '../x' }],
    ['a long id', { id: 'x'.repeat(65) }],
  ])('refuses %s', async (_what, body) => {
    const alice = await site.rows.user();
    const answer = await site.ask(0, alice, 'POST', '/api/docs', body);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'badRequest' } } });
  });

  it('lists page by page, the latest first, what somebody may open and nothing else', async () => {
    const [alice, bob] = [await site.rows.user(), await site.rows.user()];
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      const docId = await site.rows.document({
        [alice.id]: index % 2 ? 'viewer' : 'owner',
        [bob.id]: 'owner',
      });
      ids.unshift(docId);
    }
    await site.rows.document({ [bob.id]: 'owner' });
    const deleted = await site.rows.document({ [alice.id]: 'owner' });
    await site.rows.markDeleted(deleted);
    // All at the same moment: the id decides then.
    await sql`UPDATE documents SET updated_at = '2026-01-01' WHERE id = ANY (${ids.slice(0, 3)})`.execute(
      site.cluster.database,
    );
    const expected = [...ids.slice(3), ...ids.slice(0, 3).sort().reverse()];
    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await site.ask(0, alice, 'GET', `/api/docs?limit=2${query}`);
      const page = body as { documents: { id: string; role: string }[]; nextCursor: string | null };
      expect(page.documents.length).toBeLessThanOrEqual(2);
      found.push(...page.documents.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(found).toEqual(expected);
    expect(await status(alice, 'GET', '/api/docs?cursor=nonsense')).toBe(400);
    expect(await status(alice, 'GET', '/api/docs?limit=0')).toBe(400);
  });

  it('lists for an agent what it may, and for an admin what nobody owns', async () => {
    const [alice, admin] = [await site.rows.user(), await site.rows.user({ isAdmin: true })];
    const [one, two] = [
      await site.rows.document({ [alice.id]: 'owner' }),
      await site.rows.document({ [alice.id]: 'owner' }),
    ];
    const listed = async (principal: Principal) => {
      const { body } = await site.ask(0, principal, 'GET', '/api/docs?limit=200');
      const { documents } = body as { documents: { id: string; role: string }[] };
      return documents.map(({ id, role }) => `${role} ${id}`).sort();
    };
    const all = await site.rows.agent(alice.userId, ['read', 'write']);
    expect(await listed(all.principal)).toEqual([`editor ${one}`, `editor ${two}`].sort());
    const some = await site.rows.agent(alice.userId, ['read'], [two]);
    expect(await listed(some.principal)).toEqual([`viewer ${two}`]);
    const orphan = await site.rows.document({ [alice.id]: 'editor' });
    expect(await listed(admin)).toContain(`owner ${orphan}`);
    expect(await listed(admin)).not.toContain(`owner ${one}`);
  });

  it('an agent that may write creates for its owner; one that may not, and a guest of a link, create nothing', async () => {
    const alice = await site.rows.user();
    const { principal } = await site.rows.agent(alice.userId, ['read', 'write']);
    const created = await site.ask(0, principal, 'POST', '/api/docs', {});
    expect(created).toMatchObject({ status: 201, body: { role: 'editor' } });
    const { id } = created.body as { id: string };
    expect(await site.ask(1, alice, 'GET', `/api/docs/${id}`)).toMatchObject({ body: { role: 'owner' } });
    const reader = await site.rows.agent(alice.userId, ['read', 'mint']);
    expect(await status(reader.principal, 'POST', '/api/docs', {})).toBe(403);
    const bound = await site.rows.agent(alice.userId, ['write'], [await site.rows.document()]);
    expect(await status(bound.principal, 'POST', '/api/docs', {})).toBe(403);
    const visitor = await site.rows.visitor(await site.rows.document(), 'editor');
    expect(await status(visitor, 'POST', '/api/docs', {})).toBe(403);
  });

  it('ACC1 answers alike for what is unknown, deleted and not theirs, and 403 for what is too little', async () => {
    const [alice, bob, eve] = [await site.rows.user(), await site.rows.user(), await site.rows.user()];
    const docId = await site.rows.document({ [alice.id]: 'owner', [bob.id]: 'viewer' });
    const deleted = await site.rows.document({ [eve.id]: 'owner' });
    await site.rows.markDeleted(deleted);
    const actions: [string, string, unknown?][] = [
      ['GET', ''],
      ['PATCH', '', { title: 'x' }],
      ['DELETE', ''],
      ['GET', '/content'],
      ['POST', '/updates', Y.encodeStateAsUpdate(new Y.Doc())],
      ['GET', '/grants'],
      ['PUT', `/grants/${eve.id}`, { role: 'viewer' }],
      ['DELETE', `/grants/${alice.id}`],
    ];
    for (const [method, path, body] of actions) {
      const answers = await Promise.all(
        [freshDoc(), deleted, docId].map((id) => site.ask(0, eve, method, `/api/docs/${id}${path}`, body)),
      );
      expect(answers[0], `${method} ${path}`).toMatchObject({
        status: 404,
        body: { error: { code: 'notFound' } },
      });
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      const isReading = method === 'GET' && path !== '/grants';
      expect(await status(bob, method, `/api/docs/${docId}${path}`, body), `${method} ${path}`).toBe(
        isReading ? 200 : 403,
      );
      expect(await status(null, method, `/api/docs/${docId}${path}`, body)).toBe(401);
    }
  });

  it.each([
    ['dots', '%2e%2e'],
    ['braces', '}{'],
    ['NUL', '%00'],
    ['a line break', '%0d%0aX-Y:%20z'],
    ['10 KB', 'x'.repeat(10_000)],
    ['an umlaut', 'd%C3%B6c'],
    ['a mark that turns text around', '%E2%80%AE'],
  ])('refuses an id of %s with 400', async (_what, id) => {
    const alice = await site.rows.user();
    for (const path of ['', '/content', '/grants']) {
      const answer = await site.ask(0, alice, 'GET', `/api/docs/${id}${path}`);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'badDocId' } } });
    }
    const written = await site.ask(0, alice, 'POST', `/api/docs/${id}/updates`, Uint8Array.of(0, 0));
    expect(written).toMatchObject({ status: 400, body: { error: { code: 'badDocId' } } });
  });

  it('ACC2 deletes with everything of it, and sends away who has it open on the other node', async () => {
    const [alice, bob] = [await site.rows.user(), await site.rows.user()];
    const docId = await site.rows.document({ [alice.id]: 'owner', [bob.id]: 'editor' });
    await site.rows.visitor(docId, 'viewer');
    const update = Y.encodeStateAsUpdate(new Y.Doc({ gc: true }));
    const client = await connect(1, bob, docId);
    client.update(textUpdate('here'));
    client.barrier(1);
    await client.next('barrier');
    expect(await site.cluster.redis.exists(logKey(docId))).toBe(1);
    expect(await status(alice, 'DELETE', `/api/docs/${docId}`)).toBe(204);
    expect((await client.closed).code).toBe(4404);
    expect(await site.cluster.redis.exists(logKey(docId))).toBe(0);
    for (const table of ['document_grants', 'document_links', 'document_snapshots']) {
      const { rows } = await sql`SELECT 1 FROM ${sql.table(table)} WHERE doc_id = ${docId}`.execute(
        site.cluster.database,
      );
      expect(rows).toEqual([]);
    }
    expect(await status(alice, 'POST', `/api/docs/${docId}/updates`, update)).toBe(404);
    expect(site.audit.events).toContainEqual({
      kind: 'document-deleted',
      actor: alice.id,
      docId,
      address: '127.0.0.1',
    });
  });

  it('survives opening, creating and deleting from both nodes at once: one owner, and gone is gone', async () => {
    const people = await Promise.all([site.rows.user(), site.rows.user()]);
    for (let round = 0; round < 10; round++) {
      const docId = freshDoc();
      const opened = people.map((person, node) =>
        connect(node, person, docId).then(
          (client) => client,
          () => null,
        ),
      );
      const posted = people.map((person, node) => site.ask(node, person, 'POST', '/api/docs', { id: docId }));
      const clients = await Promise.all(opened);
      const created = (await Promise.all(posted)).filter((answer) => answer.status === 201).length;
      expect(created).toBeLessThanOrEqual(1);
      const { rows } = await sql<{ owner: string }>`
        SELECT principal_id AS owner FROM document_grants WHERE doc_id = ${docId}`.execute(
        site.cluster.database,
      );
      expect(rows).toHaveLength(1);
      const owner = people.find(({ id }) => id === rows[0]?.owner);
      if (!owner) throw new Error('one of them owns it');
      const deletions = await Promise.all([
        site.ask(0, owner, 'DELETE', `/api/docs/${docId}`),
        site.ask(1, owner, 'DELETE', `/api/docs/${docId}`),
        ...people.map((person, node) =>
          connect(node, person, docId).then(
            (client) => client.closed.then(({ code }) => ({ status: code })),
            () => ({ status: 404 }),
          ),
        ),
      ]);
      expect(
        deletions
          .slice(0, 2)
          .map((answer) => answer.status)
          .sort(),
      ).toEqual([204, 404]);
      for (const answer of deletions.slice(2)) expect([404, 4404]).toContain(answer.status);
      for (const client of clients) if (client) expect((await client.closed).code).toBe(4404);
      for (const person of people) await expect(connect(0, person, docId)).rejects.toThrow('HTTP 404');
    }
  });

  function textUpdate(text: string): Uint8Array {
    const doc = new Y.Doc();
    doc.getText('content').insert(0, text);
    return Y.encodeStateAsUpdate(doc);
  }

  it('ACC2 what a deleted document still had under way is not stored any more', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    const client = await connect(1, alice, docId);
    await client.next('sync-step-1');
    let isGone = false;
    void client.closed.then(() => {
      isGone = true;
    });
    const deleted = status(alice, 'DELETE', `/api/docs/${docId}`);
    await eventually(
      () => {
        client.update(textUpdate('late'));
        return isGone;
      },
      { what: 'the writer is sent away', everyMs: 1 },
    );
    expect(await deleted).toBe(204);
    // What was on its way to the log already, the workers remove.
    await eventually(
      async () => {
        await site.purge(docId);
        return (await site.cluster.redis.exists(logKey(docId))) === 0;
      },
      { what: 'nothing of it is in the log' },
    );
  });
});
