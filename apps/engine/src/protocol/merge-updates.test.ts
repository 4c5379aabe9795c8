import { describe, expect, it, vi } from 'vitest';
import * as Y from 'yjs';
import { sampleUpdates } from '../testing/sample-updates.ts';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import { mergeMany } from './merge-updates.ts';
import { checkUpdate } from './update-guard.ts';

// The real one, watched.
vi.mock(import('yjs'), async (original) => {
  const yjs = await original();
  return { ...yjs, mergeUpdates: vi.fn(yjs.mergeUpdates) };
});

function applied(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

/** All that a document shows, as text. */
function shown(doc: Y.Doc): string {
  const text = JSON.stringify(doc.getText('text').toDelta());
  const array = doc.getArray('array').toArray().map(describeValue).join();
  const map = [...doc.getMap('map')]
    .map(([key, value]) => `${key}=${describeValue(value)}`)
    .sort()
    .join();
  return [text, array, map, doc.getXmlFragment('xml').toString()].join('\n');
}

function describeValue(value: unknown): string {
  if (value instanceof Y.Doc) return `doc ${value.guid}`;
  if (value instanceof Y.AbstractType) return JSON.stringify(value.toJSON());
  return (
    JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part)) ??
    'undefined'
  );
}

describe('mergeMany', () => {
  it('has the effect of all updates, in any order, with repetitions, whole or in parts', () => {
    const random = seededRandom(seedFor('mergeMany'));
    for (let round = 0; round < 12; round++) {
      const { updates } = sampleUpdates(random, 10 + random.int(250));
      const whole = applied(updates);
      const shuffled = random.shuffled([...updates, ...updates.slice(0, 20)]);
      const merged = mergeMany(shuffled);
      checkUpdate(merged);
      const doc = applied([merged]);
      expect(shown(doc)).toBe(shown(whole));
      expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(whole));
      expect(doc.store.pendingStructs).toBeNull();

      const split = random.int(shuffled.length);
      const parts = [mergeMany(shuffled.slice(split)), mergeMany(shuffled.slice(0, split))];
      for (const part of parts) checkUpdate(part);
      expect(shown(applied(parts))).toBe(shown(whole));
    }
  });

  it('keeps gaps: what was missing can come later', () => {
    const random = seededRandom(seedFor('mergeMany with gaps'));
    const { updates } = sampleUpdates(random, 200);
    const missing = updates.filter((_update, index) => index % 9 === 4);
    const rest = updates.filter((_update, index) => index % 9 !== 4);
    expect(shown(applied([mergeMany(rest), mergeMany(missing)]))).toBe(shown(applied(updates)));
  });

  it('hands a single update back and makes the empty update of none', () => {
    const update = Uint8Array.of(0, 0);
    expect(mergeMany([update])).toBe(update);
    expect(checkUpdate(mergeMany([])).isEmpty).toBe(true);
  });

  it('never hands Yjs more than 64 updates at once, and each update again only once in 64 times', () => {
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let i = 0; i < 8000; i++) doc.getText('text').insert(i >> 1, 'a');
    const merging = vi.mocked(Y.mergeUpdates);
    merging.mockClear();
    const merged = mergeMany(updates);
    const sizes = merging.mock.calls.map(([together]) => together.length);
    expect(Math.max(...sizes)).toBe(64);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(8000 + 125 + 2);
    expect(applied([merged]).getText('text').length).toBe(8000);
  });
});
