import { describe, expect, it } from 'vitest';
import { ORIGIN } from '../log/position.ts';
import { BacklogSurvey } from './backlog.ts';
import { foldDocument } from './fold.ts';
import { appendAll, freshDoc, typed, useFoldStores } from './testing/fold-stores.ts';

const stores = useFoldStores();

describe('BacklogSurvey', () => {
  it('SNAP5 asks for the folds that are missing, and measures by its own clock', async () => {
    const [folded, unfolded] = [freshDoc(), freshDoc()];
    await appendAll(stores, folded, typed('folded'));
    await foldDocument(stores, folded, { isUrgent: true });
    await appendAll(stores, unfolded, typed('unfolded'));
    let now = 0;
    let asked: string[] = [];
    const scheduleFold = async (docId: string) => void asked.push(docId);
    const survey = new BacklogSurvey(stores.log, { scheduleFold }, () => now);
    expect((await survey.run()).figures).toEqual({ documents: 2, unfolded: 1, oldestUnfoldedAgeMs: 0 });
    expect(asked).toEqual([unfolded]);

    now = 40_000;
    expect((await survey.run()).figures).toMatchObject({ unfolded: 1, oldestUnfoldedAgeMs: 40_000 });

    await foldDocument(stores, unfolded, { isUrgent: true });
    await appendAll(stores, unfolded, typed('more', 2));
    now = 50_000;
    expect((await survey.run()).figures, 'what was folded meanwhile is no old backlog').toMatchObject({
      unfolded: 1,
      oldestUnfoldedAgeMs: 0,
    });

    await foldDocument(stores, unfolded, { isUrgent: true });
    asked = [];
    expect((await survey.run()).figures).toEqual({ documents: 2, unfolded: 0, oldestUnfoldedAgeMs: 0 });
    expect(asked).toEqual([]);
  });

  it('SNAP7 asks once in ten minutes for an epoch that nobody has written to', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('old'));
    await foldDocument(stores, docId, { isUrgent: true });
    const { last } = await stores.log.open(docId, ORIGIN);
    await stores.log.open(docId, { ...last, seq: last.seq + 1 });
    let now = 0;
    const asked: string[] = [];
    const scheduleFold = async (each: string) => void (each === docId && asked.push(each));
    const survey = new BacklogSurvey(stores.log, { scheduleFold }, () => now);
    for (; now < 600_000; now += 30_000) await survey.run();
    expect(asked).toHaveLength(1);
    await survey.run();
    expect(asked).toHaveLength(2);
  });

  it('SNAP7 a new epoch without entries is covered by its fold', async () => {
    const docId = freshDoc();
    await appendAll(stores, docId, typed('old'));
    await foldDocument(stores, docId, { isUrgent: true });
    const { last } = await stores.log.open(docId, ORIGIN);
    await stores.log.open(docId, { ...last, seq: last.seq + 1 });
    await foldDocument(stores, docId, { isUrgent: true });
    const [head] = await stores.log.heads([docId]);
    expect(head?.last.seq).toBe(0);
    expect(head?.covered).toEqual(head?.last);
  });
});
