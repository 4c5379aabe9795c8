import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ORIGIN } from '../log/position.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { type Quarantine, QuarantineUnavailable, type SetAside } from './quarantine.ts';

export type QuarantineUnderTest = {
  readonly quarantine: Quarantine;
  /** The same store, through a connection of its own. */
  readonly other: Quarantine;
  /** Writes down that the document was deleted so many ms ago. */
  readonly setDeleted: (docId: DocId, agoMs: number) => Promise<void>;
  /** Takes the store away from `quarantine`. */
  readonly disconnect: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const BYTES = Uint8Array.of(1, 1, 5, 0, 4);

/** What every quarantine guarantees (see `quarantine.ts`), as tests. */
export function describeQuarantine(name: string, start: () => Promise<QuarantineUnderTest>): void {
  describe(`quarantine: ${name}`, () => {
    let under: QuarantineUnderTest;
    let quarantine: Quarantine;
    beforeAll(async () => {
      under = await start();
      ({ quarantine } = under);
    }, 60_000);
    afterAll(() => under.stop());

    const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
    const entryOf = (docId: DocId, seq = 1): SetAside => ({
      kind: 'entry',
      docId,
      position: { epoch: 7, seq },
      reason: 'the bytes end too early',
      bytes: BYTES,
    });
    const documentOf = (docId: DocId, epoch = 0): SetAside => ({
      kind: 'document',
      docId,
      position: { ...ORIGIN, epoch },
      reason: 'its snapshot cannot be read',
    });
    const listed = (docId: DocId, withReleased = false) =>
      quarantine.list({ limit: 100, docId, withReleased });
    async function idOfEntry(docId = freshDoc()): Promise<number> {
      await quarantine.setAside(entryOf(docId));
      return (await listed(docId))[0]?.id ?? expect.fail('it is listed');
    }

    it('LOG9 keeps an entry with its bytes, where it stood and why', async () => {
      const docId = freshDoc();
      await quarantine.setAside(entryOf(docId, 3));
      const [item] = await listed(docId);
      expect(item).toMatchObject({
        kind: 'entry',
        docId,
        position: { epoch: 7, seq: 3 },
        reason: 'the bytes end too early',
        sizeBytes: BYTES.length,
        release: { kind: 'none' },
      });
      expect(Math.abs((item?.at.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      const found = await quarantine.find(item?.id ?? 0);
      expect(Uint8Array.from(found?.bytes ?? [])).toEqual(BYTES);
      expect(found).toMatchObject({ ...item });
    });

    it('LOG9 the same is set aside once, by however many at once', async () => {
      const docId = freshDoc();
      const before = await quarantine.count();
      const items = [
        entryOf(docId),
        entryOf(docId),
        entryOf(docId, 2),
        documentOf(docId),
        documentOf(docId, 2),
      ];
      await Promise.all(items.flatMap((item) => [quarantine.setAside(item), under.other.setAside(item)]));
      const { entries, documents } = await quarantine.count();
      expect(entries - before.entries).toBe(2);
      expect(documents - before.documents).toBe(1);
      expect(await listed(docId)).toHaveLength(3);
    });

    it('lists the newest first, as many as wanted, of one document or of all', async () => {
      const docId = freshDoc();
      for (let seq = 1; seq <= 5; seq++) await quarantine.setAside(entryOf(docId, seq));
      await quarantine.setAside(entryOf(freshDoc()));
      const seqs = (await quarantine.list({ limit: 3, docId })).map(({ position }) => position.seq);
      expect(seqs).toEqual([5, 4, 3]);
      const [newest, second] = await quarantine.list({ limit: 2 });
      expect(newest?.docId).not.toBe(docId);
      expect(second?.docId).toBe(docId);
    });

    it('LOG9 a document is set aside until it is released', async () => {
      const docId = freshDoc();
      expect(await quarantine.isSetAside(docId)).toBe(false);
      await quarantine.setAside(entryOf(docId));
      expect(await quarantine.isSetAside(docId), 'an entry is not the document').toBe(false);
      await quarantine.setAside(documentOf(docId));
      expect(await quarantine.isSetAside(docId)).toBe(true);
      expect(await quarantine.release(docId)).toBe(true);
      expect(await quarantine.isSetAside(docId)).toBe(false);
      expect(await quarantine.release(docId)).toBe(false);
      expect(await listed(docId), 'its entries stay').toHaveLength(1);
    });

    it('LOG9 one release of an entry begins, however many try at once', async () => {
      const id = await idOfEntry();
      const tries = [quarantine, under.other].flatMap((each) =>
        [1, 2, 3].map(() => each.beginRelease(id, false)),
      );
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      expect((await quarantine.find(id))?.release.kind).toBe('began');
    });

    it('LOG9 a release whose end is not known is repeated only by who says so', async () => {
      const id = await idOfEntry();
      await quarantine.beginRelease(id, false);
      expect(await quarantine.beginRelease(id, false)).toBe(false);
      expect(await quarantine.beginRelease(id, true)).toBe(true);
      await quarantine.abandonRelease(id);
      expect(await quarantine.beginRelease(id, false)).toBe(true);
    });

    it('LOG9 a released entry is kept as a record, and never released again', async () => {
      const docId = freshDoc();
      const id = await idOfEntry(docId);
      const before = await quarantine.count();
      await quarantine.beginRelease(id, false);
      await quarantine.endRelease(id, { epoch: 7, seq: 9 });
      expect(await quarantine.count()).toEqual({ ...before, entries: before.entries - 1 });
      expect(await listed(docId)).toEqual([]);
      const [kept] = await listed(docId, true);
      expect(kept).toMatchObject({ id, release: { kind: 'released', position: { epoch: 7, seq: 9 } } });
      expect(await quarantine.beginRelease(id, true)).toBe(false);
      await quarantine.abandonRelease(id);
      expect((await quarantine.find(id))?.release.kind).toBe('released');
      await quarantine.setAside(entryOf(docId));
      expect(await listed(docId), 'a late fold of the same entry changes nothing').toEqual([]);
    });

    it('a document has no release to begin, and neither has nothing', async () => {
      const docId = freshDoc();
      await quarantine.setAside(documentOf(docId));
      const [item] = await listed(docId);
      expect(await quarantine.beginRelease(item?.id ?? 0, true)).toBe(false);
      expect(await quarantine.beginRelease(2 ** 40, true)).toBe(false);
    });

    it('what is discarded is gone', async () => {
      const id = await idOfEntry();
      expect(await quarantine.discard(id)).toBe(true);
      expect(await quarantine.find(id)).toBeNull();
      expect(await quarantine.discard(id)).toBe(false);
    });

    it('everything of a deleted document is found and removed', async () => {
      const hourMs = 3_600_000;
      const [docId, old, other] = [freshDoc(), freshDoc(), freshDoc()];
      for (const each of [docId, old, other]) {
        await quarantine.setAside(entryOf(each));
        await quarantine.setAside(entryOf(each, 2));
        await quarantine.setAside(documentOf(each));
      }
      await under.setDeleted(docId, 0);
      await under.setDeleted(old, 2 * hourMs);
      const found = async (withinMs: number) =>
        (await quarantine.remainsOfDeleted(withinMs)).filter((each) => [docId, old, other].includes(each));
      expect(await found(hourMs)).toEqual([docId]);
      expect((await found(Number.POSITIVE_INFINITY)).toSorted()).toEqual([docId, old].toSorted());
      await under.other.removeAll(docId);
      expect(await listed(docId, true)).toEqual([]);
      expect(await quarantine.isSetAside(docId)).toBe(false);
      expect(await found(hourMs)).toEqual([]);
      expect(await listed(other)).toHaveLength(3);
    });

    it('rejects when the store is away', async () => {
      await under.disconnect();
      await expect(quarantine.count()).rejects.toThrow(QuarantineUnavailable);
      await expect(quarantine.find(1)).rejects.toThrow(
        'PostgreSQL failed at the quarantine: reading an item',
      );
    });
  });
}
