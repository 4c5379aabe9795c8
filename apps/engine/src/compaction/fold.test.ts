import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { ORIGIN, type Position } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';
import { sampleUpdates } from '../testing/sample-updates.ts';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import { type FoldOptions, type FoldParts, foldDocument } from './fold.ts';
import {
  appendAll,
  editsOf,
  freshDoc,
  loadDocument,
  logLength,
  typed,
  useFoldStores,
} from './testing/fold-stores.ts';

const stores = useFoldStores();

const fold = (docId: DocId, options: Partial<FoldOptions> = {}) =>
  foldDocument(stores, docId, { isUrgent: true, ...options });

async function textOf(docId: DocId): Promise<string> {
  return (await loadDocument(stores, docId)).getText('text').toString();
}

const shown = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? `${each}n` : each)));

describe('foldDocument', () => {
  it('SNAP1 commits everything up to the last entry, named by its position', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('hello'));
    const report = await fold(docId);
    expect(report).toMatchObject({ result: 'folded', entries: 5, setAside: [] });
    const snapshot = await stores.snapshots.load(docId);
    expect(snapshot?.position).toEqual((await stores.log.open(docId, ORIGIN)).last);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, snapshot?.state ?? Uint8Array.of());
    expect(doc.getText('text').toString()).toBe('hello');
    expect(Buffer.compare(snapshot?.stateVector ?? Buffer.of(), Y.encodeStateVector(doc))).toBe(0);
  });

  it('SNAP1 folding again changes nothing, and what came after is added', async () => {
    const docId = freshDoc();
    const updates = typed('hello');
    await appendAll(stores, docId, updates.slice(0, 3));
    await fold(docId);
    expect(await fold(docId)).toMatchObject({ result: 'current', entries: 0 });
    await appendAll(stores, docId, updates.slice(3));
    expect(await fold(docId)).toMatchObject({ result: 'folded', entries: 2 });
    expect(await textOf(docId)).toBe('hello');
  });

  it('LOG3 SNAP7 an epoch that begins behind a folded document is covered, and can be written, read and folded', async () => {
    const docId = freshDoc();
    const updates = typed('hello');
    await appendAll(stores, docId, updates.slice(0, 3));
    await fold(docId);
    const { last } = await stores.log.open(docId, ORIGIN);
    // The store lost something behind what anybody here has seen.
    const opened = await stores.log.open(docId, { ...last, seq: last.seq + 1 });
    expect(opened.last).toEqual({ epoch: opened.last.epoch, seq: 0 });
    await fold(docId, { keepMs: 0 });
    expect((await stores.log.heads([docId]))[0]?.covered).toEqual(opened.last);
    expect(await stores.snapshots.position(docId)).toEqual(opened.last);
    await appendAll(stores, docId, updates.slice(3));
    expect(await textOf(docId)).toBe('hello');
    expect(await fold(docId)).toMatchObject({ result: 'folded', entries: 2, setAside: [] });
    expect(await textOf(docId)).toBe('hello');
  });

  it('LOG3 what it commits of a log that lost its end meanwhile is told to the epoch that has begun without it', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('hello'));
    let begun: Position = ORIGIN;
    const snapshots: FoldParts['snapshots'] = {
      load: (id) => stores.snapshots.load(id),
      position: (id) => stores.snapshots.position(id),
      isDeleted: (id) => stores.snapshots.isDeleted(id),
      remove: (id) => stores.snapshots.remove(id),
      async commit(id, snapshot) {
        stores.pass(1_000);
        await stores.log.remove(id);
        begun = (await stores.log.open(id, ORIGIN)).last;
        return await stores.snapshots.commit(id, snapshot);
      },
    };
    expect(await foldDocument({ ...stores, snapshots }, docId, { isUrgent: true })).toMatchObject({
      result: 'folded',
    });
    const page = await stores.log.read(docId, begun, 10);
    const doc = new Y.Doc();
    for (const { update } of page.kind === 'entries' ? page.entries : []) Y.applyUpdate(doc, update);
    expect(doc.getText('text').toString()).toBe('hello');
    expect(await fold(docId)).toMatchObject({ result: 'folded', entries: 1 });
    expect(await textOf(docId)).toBe('hello');
  });

  it('SNAP7 a document that nobody ever wrote to is left alone', async () => {
    const docId = freshDoc();
    await stores.log.open(docId, ORIGIN);
    expect(await fold(docId)).toMatchObject({ result: 'current', verdict: { kind: 'done' } });
    await appendAll(stores, docId, typed('first'));
    expect(await textOf(docId)).toBe('first');
    expect(await fold(docId)).toMatchObject({ result: 'folded' });
  });

  it('SNAP3 keeps the covered entries of the last 60 s', async () => {
    const docId = freshDoc();
    const updates = typed('hello');
    await appendAll(stores, docId, updates.slice(0, 2));
    stores.pass(61_000);
    await appendAll(stores, docId, updates.slice(2));
    const report = await fold(docId);
    expect(report.trimmed).toBe(2);
    expect(await logLength(stores, docId)).toBe(3);
    expect(report.verdict).toEqual({ kind: 'done' });
    stores.pass(61_000);
    expect(await fold(docId)).toMatchObject({ result: 'current', trimmed: 3, verdict: { kind: 'done' } });
    expect(await logLength(stores, docId)).toBe(0);
    expect(await textOf(docId)).toBe('hello');
  });

  it('SNAP4 collects garbage: deleted text leaves the snapshot', async () => {
    const docId = freshDoc();
    const long = 'x'.repeat(10_000);
    await appendAll(
      stores,
      docId,
      editsOf([
        (text) => text.insert(0, long),
        (text) => text.delete(0, long.length),
        (text) => text.insert(0, 'rest'),
      ]),
    );
    const report = await fold(docId);
    expect(report.bytes).toBeGreaterThan(10_000);
    expect(report.stateBytes).toBeLessThan(100);
    expect(await textOf(docId)).toBe('rest');
  });

  it('SNAP4 adds no deletes of its own: superfluous formatting stays as the log has it', async () => {
    const docId = freshDoc();
    const updates = editsOf([
      (text) => text.insert(0, 'bold'),
      (text) => text.format(0, 4, { bold: true }),
      (text) => text.format(0, 4, { bold: null }),
    ]);
    await appendAll(stores, docId, updates);
    await fold(docId);
    const snapshot = await stores.snapshots.load(docId);
    const merged = Y.decodeUpdate(Y.mergeUpdates(updates)).ds.clients;
    expect(Y.decodeUpdate(snapshot?.state ?? Uint8Array.of()).ds.clients).toEqual(merged);
  });

  it('SNAP6 updates that wait for a missing one survive folding', async () => {
    const docId = freshDoc();
    const [a, b, c] = typed('abc');
    await appendAll(
      stores,
      docId,
      [c, a].filter((update) => update !== undefined),
    );
    await fold(docId);
    stores.pass(61_000);
    await fold(docId);
    expect(await textOf(docId)).toBe('a');
    await appendAll(
      stores,
      docId,
      [b].filter((update) => update !== undefined),
    );
    await fold(docId);
    expect(await textOf(docId)).toBe('abc');
  });

  it('SNAP6 deletes that wait for what they delete survive folding', async () => {
    const docId = freshDoc();
    const [insert, remove] = editsOf([(text) => text.insert(0, 'hello'), (text) => text.delete(0, 4)]);
    await appendAll(
      stores,
      docId,
      [remove].filter((update) => update !== undefined),
    );
    await fold(docId);
    stores.pass(61_000);
    await fold(docId);
    expect(await logLength(stores, docId)).toBe(0);
    await appendAll(
      stores,
      docId,
      [insert].filter((update) => update !== undefined),
    );
    await fold(docId);
    expect(await textOf(docId)).toBe('o');
  });

  it('folds a backlog larger than a pass in several, each committed', async () => {
    const docId = freshDoc();
    const text = 'several passes '.repeat(200);
    await appendAll(stores, docId, typed(text));
    const report = await fold(docId, { passBytes: 200 * 700 });
    expect(report).toMatchObject({ result: 'folded', entries: text.length });
    expect(await textOf(docId)).toBe(text);
  });

  it('LOG3 a snapshot of an older epoch and a log of a newer one fold together', async () => {
    const docId = freshDoc();
    const updates = typed('epochs');
    await appendAll(stores, docId, updates.slice(0, 3));
    await fold(docId);
    const { last } = await stores.log.open(docId, ORIGIN);
    // Somebody has seen an entry that the log has lost.
    const next = await stores.log.open(docId, { ...last, seq: last.seq + 1 });
    expect(next.last.epoch).toBeGreaterThan(last.epoch);
    await appendAll(stores, docId, updates.slice(3));
    expect(await fold(docId)).toMatchObject({ result: 'folded', entries: 3 });
    expect(await textOf(docId)).toBe('epochs');
  });

  it('a document without a log has nothing to fold', async () => {
    expect(await fold(freshDoc())).toMatchObject({ result: 'missing', verdict: { kind: 'done' } });
  });

  it('a log that was trimmed beyond the newest snapshot is refused by name', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('hello'));
    const { last } = await stores.log.open(docId, ORIGIN);
    await stores.log.trim(docId, last, 0);
    await expect(fold(docId)).rejects.toThrow('trimmed beyond its newest snapshot');
  });

  it('SNAP6 any history folded in any pieces is what all of its updates give', async () => {
    const random = seededRandom(seedFor('folding in pieces'));
    for (let round = 0; round < 4; round++) {
      const docId = freshDoc();
      const { updates, whole } = sampleUpdates(random, 120);
      const pieces = random.chance(0.5) ? random.shuffled(updates) : updates;
      for (let at = 0; at < pieces.length; ) {
        const next = at + 1 + random.int(60);
        await appendAll(stores, docId, pieces.slice(at, next));
        at = next;
        if (random.chance(0.3)) stores.pass(61_000);
        await fold(docId, { passBytes: 1 + random.int(20_000) });
      }
      const doc = await loadDocument(stores, docId);
      expect(doc.getText('text').toDelta()).toEqual(whole.getText('text').toDelta());
      for (const read of [
        (d: Y.Doc) => d.getMap('map'),
        (d: Y.Doc) => d.getArray('array'),
        (d: Y.Doc) => d.getXmlFragment('xml'),
      ]) {
        expect(shown(read(doc))).toEqual(shown(read(whole)));
      }
      expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(whole));
    }
  });
});
