import { describe, expect, it } from 'vitest';
import type { DocId } from '../protocol/ids.ts';
import { type FoldParts, foldDocument } from './fold.ts';
import { appendAll, freshDoc, loadDocument, typed, useFoldStores } from './testing/fold-stores.ts';

const stores = useFoldStores();

class Killed extends Error {}

/** Where a worker dies: before or after one of the steps that change or produce something. */
const CRASH_POINTS = [
  'before fold',
  'after fold',
  'before commit',
  'after commit',
  'before trim',
  'after trim',
] as const;
type CrashPoint = (typeof CRASH_POINTS)[number];

/** The parts as they are, which end at `point`. */
function dyingAt(point: CrashPoint): FoldParts {
  const step = async <Result>(name: string, run: () => Promise<Result>): Promise<Result> => {
    if (point === `before ${name}`) throw new Killed(point);
    const result = await run();
    if (point === `after ${name}`) throw new Killed(point);
    return result;
  };
  const { log, snapshots, folder } = stores;
  return {
    ...stores,
    folder: { fold: (state, updates) => step('fold', () => folder.fold(state, updates)) },
    snapshots: {
      load: (docId) => snapshots.load(docId),
      position: (docId) => snapshots.position(docId),
      commit: (docId, snapshot) => step('commit', () => snapshots.commit(docId, snapshot)),
      isDeleted: (docId) => snapshots.isDeleted(docId),
      remove: (docId) => snapshots.remove(docId),
    },
    log: {
      heads: (docIds) => log.heads(docIds),
      read: (docId, after, limit) => log.read(docId, after, limit),
      append: (docId, known, update) => log.append(docId, known, update),
      trim: (docId, covered, keepMs) => step('trim', () => log.trim(docId, covered, keepMs)),
      remove: (docId) => log.remove(docId),
    },
  };
}

const now = { isUrgent: true, keepMs: 0 };
const text = 'nothing is lost and nothing comes twice';

async function expectWhole(docId: DocId): Promise<void> {
  expect((await loadDocument(stores, docId)).getText('text').toString()).toBe(text);
}

describe('a worker that dies', () => {
  it.each(CRASH_POINTS)('SNAP2 %s loses nothing and duplicates nothing', async (point) => {
    const docId = freshDoc();
    const updates = typed(text);
    await appendAll(stores, docId, updates.slice(0, 10));
    await foldDocument(stores, docId, now);
    await appendAll(stores, docId, updates.slice(10));
    stores.pass(1);
    await expect(foldDocument(dyingAt(point), docId, now)).rejects.toThrow(Killed);
    await expectWhole(docId);
    await foldDocument(stores, docId, now);
    await expectWhole(docId);
    expect(
      await stores.log.read(docId, (await stores.snapshots.position(docId)) ?? { epoch: 0, seq: 0 }, 10),
    ).toMatchObject({
      entries: [],
    });
  });

  it('SNAP1 a zombie that commits late changes nothing', async () => {
    const docId = freshDoc();
    const updates = typed(text);
    await appendAll(stores, docId, updates.slice(0, 10));
    const { promise: wakesUp, resolve: wake } = Promise.withResolvers<void>();
    const { promise: sleeps, resolve: fallAsleep } = Promise.withResolvers<void>();
    const zombie = foldDocument(
      {
        ...stores,
        folder: {
          fold: async (state, entries) => {
            const folded = await stores.folder.fold(state, entries);
            fallAsleep();
            await wakesUp;
            return folded;
          },
        },
      },
      docId,
      now,
    );
    await sleeps;
    await appendAll(stores, docId, updates.slice(10));
    await foldDocument(stores, docId, now);
    const position = await stores.snapshots.position(docId);
    wake();
    expect(await zombie).toMatchObject({ result: 'overtaken', entries: 0 });
    expect(await stores.snapshots.position(docId)).toEqual(position);
    await expectWhole(docId);
  });

  it('SNAP1 two workers on one document while it is edited end with all of it', async () => {
    const docId = freshDoc();
    const updates = typed(text);
    for (let at = 0; at < updates.length; at += 4) {
      stores.pass(1);
      await Promise.all([
        appendAll(stores, docId, updates.slice(at, at + 4)),
        foldDocument(stores, docId, now),
        foldDocument(stores, docId, now),
      ]);
    }
    await foldDocument(stores, docId, now);
    await expectWhole(docId);
  });
});
