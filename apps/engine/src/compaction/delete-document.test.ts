import { describe, expect, it } from 'vitest';
import { setDeleted } from '../database/testing/set-deleted.ts';
import { ORIGIN } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';
import { type DeletionParts, deleteDocument } from './delete-document.ts';
import { foldDocument } from './fold.ts';
import { appendAll, freshDoc, typed, useFoldStores } from './testing/fold-stores.ts';

const stores = useFoldStores();

class Killed extends Error {}

const CRASH_POINTS = [
  'before log',
  'after log',
  'before snapshot',
  'after snapshot',
  'before quarantine',
  'after quarantine',
] as const;
type CrashPoint = (typeof CRASH_POINTS)[number];

/** The parts as they are, which end at `point`. */
function dyingAt(point: CrashPoint): DeletionParts {
  const step = async (name: string, run: () => Promise<void>): Promise<void> => {
    if (point === `before ${name}`) throw new Killed(point);
    await run();
    if (point === `after ${name}`) throw new Killed(point);
  };
  const { log, snapshots, quarantine } = stores;
  return {
    log: { remove: (docId) => step('log', () => log.remove(docId)) },
    snapshots: {
      isDeleted: (docId) => snapshots.isDeleted(docId),
      remove: (docId) => step('snapshot', () => snapshots.remove(docId)),
    },
    quarantine: { removeAll: (docId) => step('quarantine', () => quarantine.removeAll(docId)) },
  };
}

const now = { isUrgent: true, keepMs: 0 };

/** A document that is in every table: folded, edited since, and with an entry that was set aside. */
async function storedDocument(): Promise<DocId> {
  const docId = freshDoc();
  await appendAll(stores, docId, [...typed('folded'), Uint8Array.of(1, 1, 5, 0, 4)]);
  await foldDocument(stores, docId, now);
  await appendAll(stores, docId, typed('edited since', 2));
  expect(await remains(docId)).toEqual({ heads: 1, entries: 12, snapshots: 1, setAside: 1 });
  return docId;
}

const markDeleted = (docId: DocId) => setDeleted(stores.database.db, docId, 0);

/** Rows of the document, by what they are; the embedded log lives in tables too. */
async function remains(docId: DocId): Promise<Record<string, number>> {
  const count = async (table: string) => {
    const { rows } = await stores.database.pool.query(`SELECT 1 FROM ${table} WHERE doc_id = $1`, [docId]);
    return rows.length;
  };
  return {
    heads: await count('log_heads'),
    entries: await count('log_entries'),
    snapshots: await count('document_snapshots'),
    setAside: await count('quarantine'),
  };
}

const NOTHING = { heads: 0, entries: 0, snapshots: 0, setAside: 0 };

describe('deleting a document', () => {
  it('removes everything of it and nothing of others, again and again', async () => {
    const [docId, other] = [await storedDocument(), await storedDocument()];
    const before = await remains(other);
    await markDeleted(docId);
    await deleteDocument(docId, stores);
    expect(await remains(docId)).toEqual(NOTHING);
    await deleteDocument(docId, stores);
    expect(await remains(other)).toEqual(before);
  });

  it('removes nothing of a document that is not marked', async () => {
    const docId = await storedDocument();
    const before = await remains(docId);
    await expect(deleteDocument(docId, stores)).rejects.toThrow(`${docId} is not marked as deleted`);
    await setDeleted(stores.database.db, docId, null);
    await expect(deleteDocument(docId, stores)).rejects.toThrow('set deleted_at');
    expect(await remains(docId)).toEqual(before);
  });

  it.each(CRASH_POINTS)('is finished by the next call when it ended %s', async (point) => {
    const docId = await storedDocument();
    await markDeleted(docId);
    await expect(deleteDocument(docId, dyingAt(point))).rejects.toThrow(Killed);
    await deleteDocument(docId, stores);
    expect(await remains(docId)).toEqual(NOTHING);
  });

  it('what a node appends that still has it open is removed by the next fold, and committed by none', async () => {
    const docId = await storedDocument();
    const { last } = await stores.log.open(docId, ORIGIN);
    await markDeleted(docId);
    await deleteDocument(docId, stores);
    // LOG3: the node opens another epoch, and its clients bring back all that they hold.
    expect(await stores.log.append(docId, last, Uint8Array.of(0, 0))).toEqual({ kind: 'lost' });
    const opened = await stores.log.open(docId, last);
    const [whole] = typed('x', 3);
    expect(await stores.log.append(docId, opened.last, whole ?? Uint8Array.of())).toMatchObject({
      kind: 'appended',
    });
    expect(await foldDocument(stores, docId, now)).toMatchObject({
      result: 'deleted',
      verdict: { kind: 'done' },
    });
    expect(await remains(docId)).toEqual(NOTHING);
  });

  it.each(['before commit', 'after commit'])('a fold that is %s brings nothing back', async (point) => {
    const docId = await storedDocument();
    const deletion = async () => {
      await markDeleted(docId);
      await deleteDocument(docId, stores);
    };
    const { snapshots } = stores;
    const report = await foldDocument(
      {
        ...stores,
        snapshots: {
          load: (id) => snapshots.load(id),
          position: (id) => snapshots.position(id),
          isDeleted: (id) => snapshots.isDeleted(id),
          remove: (id) => snapshots.remove(id),
          async commit(id, snapshot) {
            if (point === 'before commit') await deletion();
            const isStored = await snapshots.commit(id, snapshot);
            if (point === 'after commit') await deletion();
            return isStored;
          },
        },
      },
      docId,
      now,
    );
    expect(report.result).toBe(point === 'before commit' ? 'overtaken' : 'folded');
    expect(await remains(docId)).toEqual(NOTHING);
  });

  it('a document that was set aside is removed too', async () => {
    const docId = await storedDocument();
    await stores.quarantine.setAside({ kind: 'document', docId, position: ORIGIN, reason: 'broken' });
    await markDeleted(docId);
    expect(await foldDocument(stores, docId, now)).toMatchObject({ result: 'deleted' });
    expect(await remains(docId)).toEqual(NOTHING);
  });
});
