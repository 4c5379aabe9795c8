import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { newParts } from '../protocol/new-part.ts';
import { checkUpdate } from '../protocol/update-guard.ts';
import { GC, numberContent, TEXT, textContent, writeUpdate } from '../testing/fuzz/update-model.ts';
import { foldDocument } from './fold.ts';
import { foldUpdates } from './fold-updates.ts';
import { appendAll, freshDoc, loadDocument, typed, useFoldStores } from './testing/fold-stores.ts';

/*
 * Updates that pass the guard, each in order by itself, and make Yjs throw in a document. Found by `npm run fuzz`.
 */

const stores = useFoldStores();
const now = { isUrgent: true, keepMs: 0 };

const NEITHER = { origin: null, rightOrigin: null, parent: null, parentSub: null };
const said = (client: number, clock: number, origin: [client: number, clock: number] | null, text: string) =>
  writeUpdate({
    blocks: [
      {
        client,
        clock,
        structs: [
          {
            ...NEITHER,
            kind: TEXT,
            origin: origin && { client: origin[0], clock: origin[1] },
            parent: 'text',
            content: textContent(text),
          },
        ],
      },
    ],
    deletes: [],
  });

/** Says that the first five clocks of client 900 were collected, then that they are text. */
const COLLECTED = writeUpdate({
  blocks: [{ client: 900, clock: 0, structs: [{ ...NEITHER, kind: GC, content: numberContent(5) }] }],
  deletes: [],
});
const RETOLD = said(900, 0, null, '0123456789');

/** A map inside a map with one entry, 800:1; honest. */
function mapInMap(): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 800;
  const inner = new Y.Map();
  doc.getMap('map').set('inner', inner);
  inner.set('key', 1);
  return Y.encodeStateAsUpdate(doc);
}

/**
 * A text in the place of a map entry, which no Yjs writes; another struct in its middle; then the inner map is deleted.
 * Yjs forgets to delete the first half, and refuses to collect it: after that a client never sends an update again.
 */
const POISON = [mapInMap(), said(801, 0, [800, 1], 'ab'), said(802, 0, [801, 0], 'x')];
const TRIGGER = writeUpdate({ blocks: [], deletes: [{ client: 800, ranges: [[0, 1]] }] });

const TOGETHER = [
  'AgfWodqNDQAEAQR0ZXh0AsOpRNah2o0NAATwn5iABwEDeG1sAwFwBwDWodqNDQMGBADWodqNDQQEdGV4dIfWodqNDQQDAmJyKADWodqNDQMFY2xhc3MBdwR3aWRlAvjdxJIJAITWodqNDQABYQgBBWFycmF5BX0BfEAgAAB3BXRocmVlfnYBBGZvdXJ1A3h/egAAAAAAAAAFAA==',
  'AgLWodqNDQFE1qHajQ0ADGpqampqampqampqasTWodqNDQLWodqNDQwBYQL43cSSCQCE1qHajQ0AAWEIAQVhcnJheQV9AXxAIAAAdwV0aHJlZX52AQRmb3VydQN4f3oAAAAAAAAABQH43cSSCQECAQ==',
  'AgPWodqNDQvG1qHajQ0B1qHajQ0CBGJvbGQEdHJ1ZcbWodqNDQLWodqNDQAEYm9sZARudWxsxNah2o0NAtah2o0NDAFhAeulnNQMAMTWodqNDQLWodqNDQABYQLWodqNDQEDCPjdxJIJAQIB',
];

describe('poison', () => {
  it('LOG9 all of it passes the guard, and Yjs throws', () => {
    for (const update of [COLLECTED, RETOLD, ...POISON, TRIGGER]) checkUpdate(update);
    const doc = new Y.Doc();
    for (const update of [COLLECTED, ...POISON]) Y.applyUpdate(doc, update);
    expect(() => Y.applyUpdate(doc, RETOLD)).toThrow(TypeError);
    expect(() => Y.applyUpdate(doc, TRIGGER)).toThrow('Unexpected case');
    let sent = 0;
    doc.on('update', () => sent++);
    doc.getText('text').insert(0, 'never sent');
    expect(sent).toBe(0);
  });

  it('LOG9 a history told twice sets nothing aside: the first account counts, honest edits beside it stay', async () => {
    const docId = freshDoc();
    const [first, ...rest] = typed('honest');
    if (!first) throw new Error('six letters were typed');
    // A node gathers what several people send into one entry.
    const together = Y.mergeUpdates([RETOLD, ...rest]);
    await appendAll(stores, docId, [COLLECTED, first, together]);
    expect(await foldDocument(stores, docId, now)).toMatchObject({ result: 'folded', setAside: [] });
    expect((await loadDocument(stores, docId)).getText('text').toString()).toBe('honest');
  });

  it('LOG9 two accounts behind a gap do not make the honest entry that closes it be set aside', () => {
    const honest = typed('honest').map((update) => update);
    // Waits for client 700, and tells clocks of 900 that another entry tells otherwise.
    const waiting = said(900, 0, [700, 0], '0123456789');
    const closing = said(700, 0, null, 'c');
    const folded = foldUpdates(null, [waiting, COLLECTED, ...honest, closing]);
    if (folded.kind !== 'folded') throw new Error(folded.reason);
    expect(folded.refused).toEqual([]);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, folded.state);
    expect(doc.getText('text').toString()).toContain('honest');
  });

  it('LOG9 the entry at which Yjs throws is set aside with its bytes; the document loads and lives', async () => {
    const docId = freshDoc();
    const honest = typed('honest');
    await appendAll(stores, docId, [...honest.slice(0, 3), ...POISON, TRIGGER, ...honest.slice(3)]);
    const report = await foldDocument(stores, docId, now);
    expect(report).toMatchObject({ result: 'folded', setAside: [{ reason: 'Unexpected case' }] });
    const [listed] = await stores.quarantine.list({ limit: 10, docId });
    const kept = await stores.quarantine.find(listed?.id ?? 0);
    expect(Uint8Array.from(kept?.bytes ?? [])).toEqual(TRIGGER);

    const doc = await loadDocument(stores, docId);
    let sent = 0;
    doc.on('update', () => sent++);
    doc.getText('text').insert(6, '!');
    expect(doc.getText('text').toString()).toBe('honest!');
    expect(sent).toBe(1);
  });

  it('LOG9 updates at which Yjs throws only when they are applied together are folded one by one', () => {
    // Found by `npm run fuzz -- --seed 20261123`: a text whose second half continues a map entry.
    const updates = TOGETHER.map((base64) => Uint8Array.from(Buffer.from(base64, 'base64')));
    const together = new Y.Doc();
    expect(() =>
      together.transact(() => {
        for (const update of newParts(updates)) Y.applyUpdate(together, update);
      }),
    ).toThrow('Unexpected case');
    const folded = foldUpdates(null, updates);
    if (folded.kind !== 'folded') throw new Error(folded.reason);
    expect(folded.refused).toEqual([]);
    // It can be loaded, and the next fold can build on it.
    const reader = new Y.Doc();
    Y.applyUpdate(reader, folded.state);
    expect(reader.getText('text').toString()).toContain('é');
    const next = foldUpdates(folded.state, [said(700, 0, null, 'honest')]);
    if (next.kind !== 'folded') throw new Error(next.reason);
    expect(next.refused).toEqual([]);
    Y.applyUpdate(reader, next.state);
    expect(reader.getText('text').toString()).toContain('honest');
  });
});
