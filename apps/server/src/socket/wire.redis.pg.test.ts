import { logKey } from '@kryton/engine/log/keys.ts';
import { encodeSyncStep1, encodeSyncStep2 } from '@kryton/engine/protocol/frames.ts';
import { decodeStateVector, encodeStateVector } from '@kryton/engine/protocol/state-vector.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import { accessOf } from '../testing/access-of.ts';
import { rawClient } from '../testing/raw-client.ts';
import { converged, type StockClient, stockClient } from '../testing/stock-client.ts';
import { baseOf, freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

describe('the wire', () => {
  let cluster: TestCluster;
  const clients: StockClient[] = [];
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    const viewer = { access: accessOf('viewer') };
    cluster = await startTestCluster(urls, [{}, {}, viewer]);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(() => cluster.stop());

  const stock = (node: number, docId: string) => {
    const client = stockClient(baseOf(nodeAt(cluster, node)), docId);
    clients.push(client);
    return client;
  };
  const raw = (node: number, docId: string) => rawClient(nodeAt(cluster, node).port, docId);

  function updateOf(change: (text: Y.Text) => void): Uint8Array {
    const doc = new Y.Doc();
    change(doc.getText('content'));
    return Y.encodeStateAsUpdate(doc);
  }
  const textOf = (...updates: Uint8Array[]): string => {
    const doc = new Y.Doc();
    for (const update of updates) Y.applyUpdate(doc, update);
    return doc.getText('content').toString();
  };

  it('WIRE1 stock clients on different nodes converge, also after a reconnect with edits made offline', async () => {
    const docId = freshDoc();
    const [one, two] = [stock(0, docId), stock(1, docId)];
    await Promise.all([one.synced(), two.synced()]);
    one.text.insert(0, 'hello ');
    await eventually(() => two.text.toString() === 'hello ', { what: 'the other node shows it' });
    two.provider.disconnect();
    two.text.insert(6, 'world');
    one.text.insert(0, '> ');
    two.provider.connect();
    expect(await converged([one, two])).toBe('> hello world');
    const late = stock(0, docId);
    await late.synced();
    expect(late.text.toString()).toBe('> hello world');
  });

  it('WIRE2 the server opens with the durable state vector and answers differentially', async () => {
    const docId = freshDoc();
    const first = updateOf((text) => text.insert(0, 'first'));
    const writer = await raw(0, docId);
    writer.update(first);
    writer.barrier(1);
    await writer.next('barrier');
    const reader = await raw(1, docId);
    const { stateVector } = await reader.next('sync-step-1');
    expect(decodeStateVector(stateVector)).toEqual(decodeStateVector(Y.encodeStateVectorFromUpdate(first)));
    expect(reader.frames[0]?.kind).toBe('sync-step-1');

    reader.send(encodeSyncStep1(Y.encodeStateVectorFromUpdate(first)));
    const nothing = await reader.next('sync-step-2');
    expect(Y.decodeUpdate(nothing.update).structs).toEqual([]);
    reader.askForEverything();
    const everything = await reader.next('sync-step-2', 2);
    expect(textOf(everything.update)).toBe('first');
    writer.close();
    reader.close();
  });

  it('WIRE3 frames sent before the document is loaded are handled, in their order', async () => {
    const docId = freshDoc();
    const client = await raw(0, docId);
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update) => updates.push(update));
    for (let i = 0; i < 100; i++) doc.getText('content').insert(i, String(i % 10));
    for (const update of updates) client.update(update);
    client.askForEverything();
    client.barrier(7);
    expect((await client.next('barrier')).payload).toEqual(Uint8Array.of(7));
    const other = stock(1, docId);
    await other.synced();
    expect(other.text.toString()).toBe(doc.getText('content').toString());
    client.close();
  });

  it('WIRE5 a barrier comes back when what was sent before it is durable', async () => {
    const docId = freshDoc();
    const client = await raw(0, docId);
    client.update(updateOf((text) => text.insert(0, 'kept')));
    client.barrier(1);
    await client.next('barrier');
    expect(await cluster.redis.xlen(logKey(docId))).toBe(1);
    client.barrier(2);
    expect((await client.next('barrier', 2)).payload).toEqual(Uint8Array.of(2));
    client.close();
  });

  it('WIRE5 a refused write is said so, never appended, and no barrier comes back after it', async () => {
    const docId = freshDoc();
    const viewer = await raw(2, docId);
    viewer.barrier(1);
    await viewer.next('barrier');
    viewer.update(updateOf((text) => text.insert(0, 'no')));
    viewer.barrier(2);
    await viewer.next('auth');
    viewer.askForEverything();
    await viewer.next('sync-step-2');
    expect(viewer.frames.filter(({ kind }) => kind === 'barrier')).toHaveLength(1);
    expect(await cluster.redis.xlen(logKey(docId))).toBe(0);
    const editor = stock(0, docId);
    await editor.synced();
    editor.text.insert(0, 'seen');
    await viewer.next('update');
    viewer.close();
  });

  it('WIRE6 2,000 reconnects that bring nothing new append nothing', async () => {
    const docId = freshDoc();
    const doc = new Y.Doc();
    const text = doc.getText('content');
    for (let i = 0; i < 200; i++) text.insert(0, 'some text ');
    for (let i = 0; i < 150; i++) text.delete(i * 5, 3);
    const everything = Y.encodeStateAsUpdate(doc);
    const client = await raw(0, docId);
    client.update(everything);
    client.barrier(1);
    await client.next('barrier');
    const before = await cluster.redis.xlen(logKey(docId));
    const deletesOnly = Y.encodeStateAsUpdate(
      doc,
      encodeStateVector(decodeStateVector(Y.encodeStateVector(doc))),
    );
    expect(Y.decodeUpdate(deletesOnly).structs).toEqual([]);
    for (let i = 0; i < 2_000; i++) client.send(encodeSyncStep2(deletesOnly));
    client.send(encodeSyncStep2(everything));
    client.barrier(2);
    await client.next('barrier', 2);
    expect(await cluster.redis.xlen(logKey(docId))).toBe(before);
    // What is new in an answer is appended all the same.
    text.insert(0, 'offline');
    client.send(encodeSyncStep2(Y.encodeStateAsUpdate(doc, Y.encodeStateVectorFromUpdate(everything))));
    client.barrier(3);
    await client.next('barrier', 3);
    expect(await cluster.redis.xlen(logKey(docId))).toBe(before + 1);
    client.close();
  });

  it('WIRE6 an answer of a viewer that brings nothing new is no write attempt', async () => {
    const docId = freshDoc();
    const everything = updateOf((text) => {
      text.insert(0, 'abc');
      text.delete(0, 1);
    });
    const editor = await raw(0, docId);
    editor.update(everything);
    editor.barrier(1);
    await editor.next('barrier');
    const viewer = await raw(2, docId);
    await viewer.next('sync-step-1');
    viewer.send(encodeSyncStep2(everything));
    viewer.barrier(1);
    await viewer.next('barrier');
    expect(viewer.frames.some(({ kind }) => kind === 'auth')).toBe(false);
    editor.close();
    viewer.close();
  });

  it.each([
    ['a message of an unknown type', Uint8Array.of(77)],
    ['a truncated update', Uint8Array.of(0, 2, 200, 1, 1)],
    ['an update that is not one', Uint8Array.of(0, 2, 3, 9, 9, 9)],
    ['presence that is not JSON', Uint8Array.of(1, 5, 1, 1, 1, 1, 0x7b)],
  ])('closes with 4400 on %s, and nothing is stored', async (_what, message) => {
    const docId = freshDoc();
    const client = await raw(0, docId);
    client.send(message);
    expect((await client.closed).code).toBe(4400);
    expect(await cluster.redis.xlen(logKey(docId))).toBe(0);
  });

  it.each(['a%20b', 'a%2Fb', 'x'.repeat(65), '%7B%7D', '%C3%A4'])(
    'refuses the document id %s with 400 before the upgrade',
    async (docId) => {
      await expect(raw(0, docId)).rejects.toThrow('HTTP 400');
    },
  );
});
