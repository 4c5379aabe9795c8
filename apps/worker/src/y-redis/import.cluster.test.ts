import { logKey } from '@kryton/engine/log/keys.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { loadConcurrentTrace } from '@kryton/engine/testing/editing-trace.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { sampleUpdates } from '@kryton/engine/testing/sample-updates.ts';
import { seededRandom, seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { startFaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { replay } from '@kryton/engine/testing/trace-replay.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { baseOf } from '@kryton/server/testing/test-cluster.ts';
import type { TestNode } from '@kryton/server/testing/test-node.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RedisPersistence } from 'y-redis';
import * as Y from 'yjs';
import { expectSameDocument } from './testing/same-document.ts';
import { startTwoSides, type TwoSides } from './testing/two-sides.ts';

const random = seededRandom(seedFor('import from y-redis'));
const LONG_LIST = 5_000;

describe('import:y-redis', () => {
  let sides: TwoSides;
  const expected = new Map<DocId, Y.Doc>();

  beforeAll(async () => {
    sides = await startTwoSides();
  });
  afterAll(async () => {
    await sides.stop();
  });

  const idOf = (name: string): DocId => parseDocId(name) ?? expect.fail(`${name} is a document id`);

  /** A document on the side of y-redis, written by the package itself, one list element for each update. */
  async function write(
    server: RedisPersistence,
    name: string,
    updates: readonly Uint8Array[],
  ): Promise<Y.Doc> {
    const doc = new Y.Doc();
    await server.bindState(name, doc).synced;
    for (const update of updates) Y.applyUpdate(doc, update);
    return doc;
  }

  function typing(characters: number): Uint8Array[] {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < characters; i++)
      doc.getText('text').insert(random.int(i + 1), random.pick([...'abc ']));
    return updates;
  }

  /** The two authors see each other at once; what the first one's document holds goes to y-redis. */
  async function writeTrace(server: RedisPersistence, name: string): Promise<Y.Doc> {
    const [first, second] = [new Y.Doc(), new Y.Doc()];
    for (const [from, to] of [
      [first, second],
      [second, first],
    ] as const) {
      from.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'peer') Y.applyUpdate(to, update, 'peer');
      });
    }
    await server.bindState(name, first).synced;
    await replay(await loadConcurrentTrace(), { authors: [{ doc: first }, { doc: second }] });
    return first;
  }

  async function expectAllOn(node: TestNode): Promise<void> {
    for (const [docId, doc] of expected) {
      const client = stockClient(baseOf(node), docId, { presence: false });
      await client.synced();
      expectSameDocument(client.doc, doc, docId);
      client.close();
    }
  }

  const rowsOf = async (table: string): Promise<Record<string, unknown>[]> =>
    (await sides.ours.database.pool.query(`SELECT * FROM ${table}`)).rows;

  async function signedUp(id: string, email: string): Promise<void> {
    await sides.ours.database.pool.query(
      `INSERT INTO "user" (id, name, email, "emailVerified") VALUES ($1, $1, $2, true)`,
      [id, email],
    );
  }

  const appendedToAll = async () =>
    new Map(
      await Promise.all([...expected.keys()].map(async (id) => [id, await sides.appended(id)] as const)),
    );

  it('brings over 100 documents that are equal on a cold open, and nothing when it runs again', async () => {
    const server = sides.yRedis();
    for (let i = 0; i < 98; i++) {
      const name = `document-${i}`;
      const { updates } = sampleUpdates(random, 20 + random.int(60));
      expected.set(idOf(name), await write(server, name, updates));
    }
    expected.set(idOf('long'), await write(server, 'long', typing(LONG_LIST)));
    expected.set(idOf('friends'), await writeTrace(server, 'friends'));
    await server.redis.ping();
    expect(await sides.old.redis.llen('long:updates')).toBe(LONG_LIST);

    const dry = await sides.run(['--dry-run']);
    expect(dry.output).toMatch(/^100 documents, /m);
    expect(dry.code).toBe(0);
    expect(await sides.ours.redis.keys('kry:*')).toEqual([]);
    expect(await rowsOf('documents')).toEqual([]);

    const first = await sides.run([]);
    console.log(first.output);
    expect(first.output).toMatch(/^100 documents, \d+ updates, \d+ bytes read/m);
    expect(first.output).toContain('100 documents have no owner');
    expect(first.code).toBe(0);
    expect(await rowsOf('documents')).toHaveLength(100);
    expect(await rowsOf('document_grants')).toEqual([]);
    await expectAllOn(await sides.node());
    const appended = await appendedToAll();

    const again = await sides.run([]);
    expect(again.output).toContain('; 0 updates were new here, 0 sent there;');
    expect(await appendedToAll()).toEqual(appended);
  });

  it('gives the documents to --owner, and none away that somebody owns', async () => {
    const unknown = await sides.run(['--owner', 'nobody@example.com']);
    expect(unknown.code).toBe(1);
    expect(unknown.output).toContain('--owner nobody@example.com: nobody has signed up with this address');
    await signedUp('alice', 'alice@example.com');
    await signedUp('bob', 'bob@example.com');
    const one = await sides.run(['--doc', 'document-1', '--owner', 'bob@example.com']);
    expect(one.output).not.toContain('no owner');
    const all = await sides.run(['--owner', 'Alice@example.com']);
    expect(all.code).toBe(0);
    expect(all.output).not.toContain('no owner');
    const owners = new Map(
      (await rowsOf('document_grants')).map(({ doc_id, principal_id, role }) => [
        doc_id,
        `${principal_id} ${role}`,
      ]),
    );
    expect(owners.size).toBe(100);
    expect(owners.get('document-1')).toBe('user:bob owner');
    owners.delete('document-1');
    expect(new Set(owners.values())).toEqual(new Set(['user:alice owner']));
  });

  it('leaves out what was deleted here, also while it follows', async () => {
    const server = sides.yRedis();
    for (const name of ['deleted', 'deleted-later']) await write(server, name, typing(5));
    await server.redis.ping();
    const remove = (docId: string) =>
      sides.ours.database.pool.query(
        `INSERT INTO documents (id, deleted_at) VALUES ($1, now())
         ON CONFLICT (id) DO UPDATE SET deleted_at = now()`,
        [docId],
      );
    await remove('deleted');
    const args = ['--doc', 'deleted', '--doc', 'deleted-later'];
    const leftOut = 'left out: "deleted": the document deleted was deleted here';
    const imported = await sides.run(args);
    expect(imported.code).toBe(1);
    expect(imported.output).toContain(leftOut);
    expect(imported.output).toMatch(/^1 documents, /m);
    expect(await sides.appended(idOf('deleted'))).toBe(0);

    const following = await sides.start([...args, '--follow'], 'in step; following');
    expect(following.output()).toContain(leftOut);
    await remove('deleted-later');
    // As the deletion and the worker do it; the follower brings nothing back.
    await sides.ours.redis.del(logKey(idOf('deleted-later')));
    await eventually(() => following.output().includes('left out: "deleted-later"'), {
      what: 'the deletion is noticed',
      withinMs: 10_000,
    });
    expect(await sides.appended(idOf('deleted-later'))).toBe(0);
    expect((await following.stop()).code).toBe(0);
    for (const name of ['deleted', 'deleted-later']) await sides.old.redis.del(`${name}:updates`);
  });

  it('goes on where it was when it is killed with -9 in the middle of a list', async () => {
    const server = sides.yRedis();
    const doc = await write(server, 'interrupted', typing(LONG_LIST));
    await server.redis.ping();
    expected.set(idOf('interrupted'), doc);
    const proxy = await startFaultProxy(sides.old.service.port);
    proxy.throttle(40_000);
    const args = ['--doc', 'interrupted'];
    const running = await sides.start(args, '', { old: proxy.port });
    const isHalfway = async () => (await sides.appended(idOf('interrupted'))) >= 2;
    await eventually(isHalfway, { what: 'a part of the list was brought over', withinMs: 20_000 });
    expect(await running.stop({ signal: 'SIGKILL' })).toEqual({ code: null, signal: 'SIGKILL' });
    await proxy.close();

    const rest = await sides.run(args);
    const fresh = Number(/(\d+) updates were new here/.exec(rest.output)?.[1]);
    expect(fresh).toBeGreaterThan(0);
    expect(fresh).toBeLessThan(LONG_LIST);
    expect(rest.code).toBe(0);
    const client = stockClient(baseOf(await sides.node()), 'interrupted', { presence: false });
    await client.synced();
    expectSameDocument(client.doc, doc, 'interrupted');
    client.close();
  });

  it('SNAP5 has asked for folds, and what is folded is equal too, and known by a further run', async () => {
    const worker = await sides.worker();
    const stored = async () => {
      const { rows } = await sides.ours.database.pool.query(
        'SELECT count(*)::int AS n FROM document_snapshots',
      );
      return rows[0].n === expected.size;
    };
    await eventually(stored, { what: 'every document is folded', withinMs: 40_000 });
    expect((await worker.stop()).code).toBe(0);
    // As if all had been idle: what is left of them is the snapshots.
    await sides.ours.redis.flushall();
    const again = await sides.run([]);
    expect(again.output).toContain('; 0 updates were new here, 0 sent there;');
    await expectAllOn(await sides.node());

    // Folding writes down deletes that Yjs only implied; they go to the other side once.
    for (const [run, sent] of [
      [1, /; 0 updates were new here, \d+ sent there;/],
      [2, /; 0 updates were new here, 0 sent there;/],
    ] as const) {
      const following = await sides.start(['--follow'], 'in step; following');
      expect(await following.stop(), `run ${run}`).toEqual({ code: 0, signal: null });
      expect(following.output()).toMatch(sent);
    }
    const server = sides.yRedis();
    for (const [docId, doc] of expected) {
      const loaded = new Y.Doc();
      await server.bindState(docId, loaded).synced;
      expectSameDocument(loaded, doc, docId);
    }
  });

  it('LOG9 reports what it leaves out, sets broken updates aside, and brings over all the rest', async () => {
    const { redis } = sides.old;
    const server = sides.yRedis();
    const [whole] = typing(1);
    const doc = await write(server, 'room/broken', typing(50));
    await server.redis.ping();
    const [middle] = await redis.lrangeBuffer('room/broken:updates', 20, 20);
    await redis.linsert('room/broken:updates', 'BEFORE', middle ?? '', Buffer.from('no update at all'));
    await redis.rpush('room/broken:updates', Buffer.from([1, 1]));
    await redis.rpush('room/other:updates', Buffer.from(whole ?? []));
    await redis.set('room/string:updates', 'not from y-redis');

    const strict = await sides.run(['--prefix', 'room/']);
    expect(strict.code).toBe(1);
    for (const name of ['room/broken', 'room/other']) {
      expect(strict.output).toContain(`left out: "${name}": it is no document id`);
    }
    expect(strict.output).toContain('left out: "room/string": its key holds a string');

    const mapped = await sides.run([
      '--prefix',
      'room/',
      '--map',
      'room/broken=mended',
      '--rename',
      'base64url',
    ]);
    expect(mapped.code).toBe(1);
    expect(mapped.output).toContain('refused: update 20 of "room/broken"');
    expect(mapped.output).toContain('refused: update 51 of "room/broken"');
    expect(mapped.output).toMatch(/^2 documents, 53 updates, .* 2 refused, 1 documents left out/m);
    const asideQuery = 'SELECT doc_id, epoch, seq, reason, bytes FROM quarantine ORDER BY seq';
    const aside = await sides.ours.database.pool.query(asideQuery);
    expect(aside.rows).toHaveLength(2);
    expect(aside.rows[0]).toMatchObject({ doc_id: 'mended', bytes: Buffer.from('no update at all') });

    const renamed = idOf(`b64-${Buffer.from('room/other').toString('base64url')}`);
    expect(await sides.ours.redis.xlen(logKey(renamed))).toBe(1);
    const node = await sides.node();
    const client = stockClient(baseOf(node), 'mended', { presence: false });
    await client.synced();
    expectSameDocument(client.doc, doc, 'mended');
    client.close();

    await sides.run(['--prefix', 'room/', '--map', 'room/broken=mended', '--rename', 'base64url']);
    expect((await sides.ours.database.pool.query(asideQuery)).rows).toHaveLength(2);
  });

  it('brings documents into the embedded database too, which nothing else has open', async () => {
    const dataDir = temporaryDirectory('import-y-redis');
    try {
      const args = ['--doc', 'document-1', '--doc', 'long'];
      const first = await sides.run(args, { dataDir });
      expect(first.output).toContain(`the embedded database in ${dataDir}`);
      expect(first.output).toMatch(/^2 documents, .*; [1-9]\d* updates were new here/m);
      const again = await sides.run(args, { dataDir });
      expect(again.output).toContain('; 0 updates were new here, 0 sent there;');
      expect((await sides.run(['--follow'], { dataDir })).output).toContain('--follow needs a cluster');
    } finally {
      removeTemporaryDirectory(dataDir);
    }
  });
});
