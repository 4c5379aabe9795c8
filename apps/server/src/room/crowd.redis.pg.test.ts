import { logKey } from '@kryton/engine/log/keys.ts';
import { encodeSyncStep1 } from '@kryton/engine/protocol/frames.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import { type RawClient, rawClient } from '../testing/raw-client.ts';
import { converged, type StockClient, stockClient } from '../testing/stock-client.ts';
import { baseOf, freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

/** A document of about `bytes` bytes, as one update. */
function largeUpdate(bytes: number): Uint8Array {
  const doc = new Y.Doc();
  const text = doc.getText('content');
  const line = `${'lorem ipsum dolor sit amet '.repeat(4)}\n`;
  for (let written = 0; written < bytes; written += line.length) text.insert(0, line);
  return Y.encodeStateAsUpdate(doc);
}

describe('a crowd in one room', () => {
  let cluster: TestCluster;
  const clients: StockClient[] = [];
  const raws: RawClient[] = [];
  beforeAll(async () => {
    const urls = { redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') };
    cluster = await startTestCluster(urls, [{}, {}]);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
    for (const client of raws.splice(0)) client.close();
  });
  afterAll(() => cluster.stop());

  const stock = (node: number, docId: string) => {
    const client = stockClient(baseOf(nodeAt(cluster, node)), docId);
    clients.push(client);
    return client;
  };
  const raw = async (node: number, docId: string) => {
    const client = await rawClient(nodeAt(cluster, node).port, docId);
    raws.push(client);
    return client;
  };

  it('ROOM3 fifty who join a large document at once cost one load and one encoding', async () => {
    const docId = freshDoc();
    const writer = await raw(0, docId);
    const update = largeUpdate(2_000_000);
    writer.update(update);
    writer.barrier(1);
    await writer.next('barrier');
    const { metric } = nodeAt(cluster, 1);
    const before = {
      loads: await metric('kryton_document_loads_total'),
      made: await metric('kryton_join_encodings_total'),
    };
    const joiners = await Promise.all(Array.from({ length: 50 }, () => raw(1, docId)));
    for (const joiner of joiners) joiner.askForEverything();
    for (const joiner of joiners) {
      const { update: got } = await joiner.next('sync-step-2');
      expect(Y.encodeStateVectorFromUpdate(got)).toEqual(Y.encodeStateVectorFromUpdate(update));
    }
    expect(await metric('kryton_document_loads_total')).toBe(before.loads + 1);
    expect(await metric('kryton_join_encodings_total')).toBe(before.made + 1);
  });

  it('ROOM2 a burst of many editors becomes few batches, and everybody has all of it', async () => {
    const docId = freshDoc();
    const editors = Array.from({ length: 12 }, (_, i) => stock(i % 2, docId));
    await Promise.all(editors.map((editor) => editor.synced()));
    for (let round = 0; round < 20; round++) {
      for (const [i, editor] of editors.entries()) editor.text.insert(0, String.fromCharCode(97 + i));
    }
    await eventually(() => editors.every(({ text }) => text.length === 240), {
      what: 'all 240 characters are everywhere',
    });
    await converged(editors);
    expect(await cluster.redis.xlen(logKey(docId))).toBeLessThan(120);
  });

  it('ROOM4 who stops reading is bounded, disturbs nobody, and converges when reading again', async () => {
    const docId = freshDoc();
    const [writer, reader] = [await raw(0, docId), stock(0, docId)];
    const stuck = await raw(0, docId);
    await reader.synced();
    stuck.askForEverything();
    await stuck.next('sync-step-2');
    stuck.socket.pause();
    const doc = new Y.Doc();
    const text = doc.getText('content');
    doc.on('update', (update) => writer.update(update));
    const { metric } = nodeAt(cluster, 0);
    let highest = 0;
    for (let i = 0; i < 400; i++) {
      text.insert(0, 'x'.repeat(50_000));
      if (i % 20 === 19) {
        writer.barrier(i / 20);
        await writer.next('barrier', (i + 1) / 20);
        highest = Math.max(highest, await metric('kryton_outbox_bytes'));
      }
    }
    expect(text.length).toBe(20_000_000);
    // 20 MB were sent; one batch may pass the high mark of 1 MB.
    expect(highest).toBeLessThan(4_000_000);
    await eventually(() => reader.text.length === text.length, { what: 'the others have everything' });
    stuck.socket.resume();
    const copy = new Y.Doc();
    let seen = 0;
    await eventually(
      () => {
        for (const frame of stuck.frames.slice(seen)) {
          if (frame.kind === 'update' || frame.kind === 'sync-step-2') Y.applyUpdate(copy, frame.update);
        }
        seen = stuck.frames.length;
        return copy.getText('content').length === text.length;
      },
      { what: 'the slow reader has everything', withinMs: 15_000 },
    );
    expect(await metric('kryton_resyncs_total', 'slow-reader')).toBeGreaterThan(0);
  });

  it('ROOM1 ROOM5 a large document is joined while others type, without delaying them', async () => {
    const docId = freshDoc();
    const seed = await raw(0, docId);
    seed.update(largeUpdate(5_000_000));
    seed.barrier(1);
    await seed.next('barrier');
    const [typist, watcher] = [await raw(0, docId), await raw(0, docId)];
    const doc = new Y.Doc();
    let sent = 0;
    doc.on('update', (update) => typist.update(update));
    const vector = encodeSyncStep1(Uint8Array.of(0));
    for (let join = 0; join < 5; join++) {
      const joiner = await raw(0, docId);
      joiner.send(vector);
      for (let key = 0; key < 10; key++) {
        doc.getText('content').insert(0, 'k');
        await watcher.next('update', ++sent);
      }
      const { update } = await joiner.next('sync-step-2');
      expect(update.length).toBeGreaterThan(4_000_000);
    }
  });
});
