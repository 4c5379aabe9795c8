import { describe, expect, it } from 'vitest';
import type { DocId } from '../protocol/ids.ts';
import { BacklogSurvey } from './backlog.ts';
import { foldDocument, KEEP_MS } from './fold.ts';
import { trimTails } from './tails.ts';
import { appendAll, freshDoc, loadDocument, logLength, typed, useFoldStores } from './testing/fold-stores.ts';

const stores = useFoldStores();

/** What the sweep of a worker does about the tails of these documents; `asked` are the folds it wants. */
async function sweep(...docIds: DocId[]): Promise<{ asked: DocId[]; removed: number }> {
  const asked: DocId[] = [];
  const jobs = { scheduleFold: async (docId: DocId) => void (docIds.includes(docId) && asked.push(docId)) };
  const { tails } = await new BacklogSurvey(stores.log, jobs, () => 0).run();
  const own = tails.filter(({ docId }) => docIds.includes(docId));
  return { asked, removed: await trimTails({ ...stores, jobs }, own, KEEP_MS) };
}

describe('trimTails', () => {
  it('SNAP3 a sweep removes what is covered and older than 60 s, of many documents, and no younger entry', async () => {
    const docIds = [freshDoc(), freshDoc(), freshDoc()] as const;
    const [early, late, unfolded] = docIds;
    await appendAll(stores, early, typed('early'));
    await foldDocument(stores, early, { isUrgent: true });
    stores.pass(61_000);
    await appendAll(stores, late, typed('late'));
    await foldDocument(stores, late, { isUrgent: true });
    await appendAll(stores, unfolded, typed('unfolded'));
    expect(await sweep(...docIds)).toEqual({ asked: [unfolded], removed: 5 });
    expect(await logLength(stores, early)).toBe(0);
    expect(await logLength(stores, late)).toBe(4);
    stores.pass(61_000);
    expect(await sweep(...docIds)).toEqual({ asked: [unfolded], removed: 4 });
    expect(await logLength(stores, unfolded)).toBe(8);
    expect(await sweep(...docIds), 'an empty log is no tail').toEqual({ asked: [unfolded], removed: 0 });
    await foldDocument(stores, unfolded, { isUrgent: true });
    for (const [docId, text] of [
      [early, 'early'],
      [late, 'late'],
      [unfolded, 'unfolded'],
    ] as const)
      expect((await loadDocument(stores, docId)).getText('text').toString()).toBe(text);
  });

  it('SNAP3 nothing is removed that the stored snapshot does not hold, whatever the log was told', async () => {
    const docId = freshDoc();
    const updates = typed('kept');
    await appendAll(stores, docId, updates.slice(0, 2));
    await foldDocument(stores, docId, { isUrgent: true });
    const earlier = await stores.snapshots.load(docId);
    if (earlier === null) throw new Error('it was folded');
    await appendAll(stores, docId, updates.slice(2));
    await foldDocument(stores, docId, { isUrgent: true });
    // The database came back from between the two.
    await stores.snapshots.remove(docId);
    await stores.snapshots.commit(docId, earlier);
    stores.pass(61_000);
    expect(await sweep(docId)).toEqual({ asked: [docId], removed: 0 });
    expect(await foldDocument(stores, docId)).toMatchObject({ result: 'folded', entries: 2, trimmed: 4 });
    expect((await loadDocument(stores, docId)).getText('text').toString()).toBe('kept');
  });
});
