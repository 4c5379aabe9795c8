import { logKey } from '@kryton/engine/log/keys.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import { LogUnavailable } from '@kryton/engine/log/update-log.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import type { Principal } from '../auth/principal.ts';
import { type DocumentCluster, startDocumentCluster } from '../testing/document-cluster.ts';
import { rawClient } from '../testing/raw-client.ts';
import { nodeAt } from '../testing/test-cluster.ts';

const UPDATE = { accept: 'application/octet-stream' };
const JSON_TEXT = { accept: 'application/json' };
const PLAIN = { accept: 'text/plain' };

describe('the content of documents over HTTP', () => {
  let site: DocumentCluster;
  let isLogAway = false;
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    const between = (log: UpdateLog): UpdateLog =>
      new Proxy(log, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          if (name === 'append' && isLogAway)
            return () => Promise.reject(new LogUnavailable('the test took it away'));
          return value.bind(target);
        },
      });
    site = await startDocumentCluster(urls, { between, limits: { graceMs: 1_000 } });
  });
  afterAll(() => site.stop());

  function textUpdate(text: string, root = 'content'): Uint8Array {
    const doc = new Y.Doc();
    doc.getText(root).insert(0, text);
    return Y.encodeStateAsUpdate(doc);
  }
  const post = (
    node: number,
    who: Principal,
    docId: string,
    update: unknown,
    headers?: Record<string, string>,
  ) => site.ask(node, who, 'POST', `/api/docs/${docId}/updates`, update, headers);
  const read = (node: number, who: Principal, docId: string, headers: Record<string, string>, query = '') =>
    site.ask(node, who, 'GET', `/api/docs/${docId}/content${query}`, undefined, headers);
  const asText = (body: unknown) => (body instanceof Uint8Array ? new TextDecoder().decode(body) : body);

  it('LOG1 an update is stored and on its way to everybody when it is answered', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    const client = await rawClient(nodeAt(site.cluster, 1).port, docId, site.tokenOf(alice));
    await client.next('sync-step-1');
    client.askForEverything();
    await client.next('sync-step-2');
    expect((await post(0, alice, docId, textUpdate('hello'))).status).toBe(204);
    expect(await site.cluster.redis.xlen(logKey(docId))).toBe(1);
    await client.next('update');
    const answers = [UPDATE, JSON_TEXT, PLAIN].map((headers) => read(1, alice, docId, headers));
    const [update, json, text] = await Promise.all(answers);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update?.body as Uint8Array);
    expect(doc.getText('content').toString()).toBe('hello');
    expect(json).toMatchObject({ status: 200, body: { content: 'hello' } });
    expect(text?.type).toBe('text/plain; charset=utf-8');
    expect(asText(text?.body)).toBe('hello');
    client.close();
  });

  it('serves the root type that is asked for, and an empty document', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    expect(await read(0, alice, docId, UPDATE)).toMatchObject({ status: 200, body: Uint8Array.of(0, 0) });
    expect(await read(0, alice, docId, JSON_TEXT)).toMatchObject({ status: 200, body: {} });
    await post(0, alice, docId, textUpdate('notes', 'notes'));
    expect(asText((await read(1, alice, docId, PLAIN)).body)).toBe('');
    expect(asText((await read(1, alice, docId, PLAIN, '?root=notes')).body)).toBe('notes');
  });

  it('refuses formats that it does not have, and bodies that are no update', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    expect((await read(0, alice, docId, { accept: 'image/png' })).status).toBe(406);
    expect(await post(0, alice, docId, Uint8Array.of(1, 2, 3))).toMatchObject({
      status: 400,
      body: { error: { code: 'badRequest', message: expect.stringContaining('the update was refused') } },
    });
    expect((await post(0, alice, docId, new Uint8Array(100_000))).status).toBe(400);
    expect((await post(0, alice, docId, undefined)).status).toBe(400);
    expect((await post(0, alice, docId, new Uint8Array())).status).toBe(400);
    expect((await post(0, alice, docId, { json: true })).status).toBe(415);
    expect(await site.cluster.redis.exists(logKey(docId))).toBe(0);
  });

  it('takes imports of up to 50 MB from who may write, and reads no more than the headers of others', async () => {
    const [alice, bob] = [await site.rows.user(), await site.rows.user()];
    const docId = await site.rows.document({ [alice.id]: 'owner', [bob.id]: 'viewer' });
    const doc = new Y.Doc();
    for (let index = 0; index < 2; index++)
      doc.getMap('blobs').set(String(index), new Uint8Array(6 * 1024 * 1024));
    const large = Y.encodeStateAsUpdate(doc);
    expect((await post(0, alice, docId, large)).status).toBe(204);
    expect(await read(1, alice, docId, UPDATE)).toMatchObject({
      status: 200,
      body: { length: large.length },
    });
    const length = { 'content-length': String(51 * 1024 * 1024) };
    expect((await post(0, alice, docId, Uint8Array.of(0), length)).status).toBe(413);
    // It never sends the body that it announces, and is answered all the same.
    expect((await post(0, bob, docId, Uint8Array.of(0), { 'content-length': '40000000' })).status).toBe(403);
  });

  it('LOG6 says that the log cannot be reached when it could not be within the grace', async () => {
    const alice = await site.rows.user();
    const docId = await site.rows.document({ [alice.id]: 'owner' });
    isLogAway = true;
    const answer = await post(0, alice, docId, textUpdate('lost'));
    isLogAway = false;
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'logUnreachable' } } });
    expect((await post(0, alice, docId, textUpdate('kept'))).status).toBe(204);
    expect(asText((await read(0, alice, docId, PLAIN)).body)).toBe('kept');
  });
});
