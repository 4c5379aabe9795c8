import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import { type Snapshot, type SnapshotStore, SnapshotsUnavailable } from './snapshot-store.ts';

export type SnapshotsUnderTest = {
  readonly store: SnapshotStore;
  /** Another process's view of the same store. */
  readonly other: SnapshotStore;
  /** Writes down that the document is there, or that it was deleted so many ms ago. */
  readonly setDeleted: (docId: DocId, agoMs: number | null) => Promise<void>;
  /** Takes the store's database away; `store` cannot reach it afterwards. */
  readonly disconnect: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** What every snapshot store guarantees (see `snapshot-store.ts`), as tests; `start` makes a fresh one. */
export function describeSnapshotStore(name: string, start: () => Promise<SnapshotsUnderTest>): void {
  describe(`snapshot store: ${name}`, () => {
    let under: SnapshotsUnderTest;
    beforeAll(async () => {
      under = await start();
    }, 60_000);
    afterAll(() => under.stop());

    const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
    const snapshot = (
      epoch: number,
      seq: number,
      state: Uint8Array = Uint8Array.of(epoch, seq),
    ): Snapshot => ({
      position: { epoch, seq },
      state,
      stateVector: Uint8Array.of(0),
    });

    async function expectStored(docId: DocId, expected: Snapshot): Promise<void> {
      for (const store of [under.store, under.other]) {
        expect(await store.position(docId)).toEqual(expected.position);
        const loaded = await store.load(docId);
        expect(loaded?.position).toEqual(expected.position);
        expect(Buffer.compare(loaded?.state ?? Buffer.of(), expected.state)).toBe(0);
        expect(Buffer.compare(loaded?.stateVector ?? Buffer.of(), expected.stateVector)).toBe(0);
      }
    }

    it('has nothing for a document that was never folded', async () => {
      const docId = freshDoc();
      expect(await under.store.load(docId)).toBeNull();
      expect(await under.store.position(docId)).toBeNull();
      expect(await under.store.positions([])).toEqual([]);
    });

    it('SNAP3 tells the positions of many documents in the order asked', async () => {
      const [one, never, other] = [freshDoc(), freshDoc(), freshDoc()];
      await under.store.commit(one, snapshot(3, 7));
      await under.store.commit(other, snapshot(2, 9));
      expect(await under.other.positions([other, never, one])).toEqual([
        snapshot(2, 9).position,
        null,
        snapshot(3, 7).position,
      ]);
    });

    it('SNAP1 names the position it covers', async () => {
      const docId = freshDoc();
      expect(await under.store.commit(docId, snapshot(3, 7))).toBe(true);
      await expectStored(docId, snapshot(3, 7));
    });

    it('SNAP1 replaces a snapshot by a newer one only', async () => {
      const docId = freshDoc();
      expect(await under.store.commit(docId, snapshot(2, 10))).toBe(true);
      for (const [epoch, seq] of [
        [2, 9],
        [1, 999],
        [2, 10],
        [0, 0],
      ] as const) {
        expect(await under.other.commit(docId, snapshot(epoch, seq, Uint8Array.of(99)))).toBe(false);
      }
      await expectStored(docId, snapshot(2, 10));
      expect(await under.other.commit(docId, snapshot(2, 11))).toBe(true);
      expect(await under.store.commit(docId, snapshot(3, 0))).toBe(true);
      await expectStored(docId, snapshot(3, 0));
    });

    it('SNAP1 keeps the newest of many commits at once, whatever their order', async () => {
      const random = seededRandom(seedFor(`snapshots of ${name}`));
      for (let round = 0; round < 5; round++) {
        const docId = freshDoc();
        const commits = Array.from({ length: 24 }, (_, i) => snapshot(1 + (i % 3), 1 + random.int(50)));
        const results = await Promise.all(
          commits.map((each, i) => (i % 2 ? under.store : under.other).commit(docId, each)),
        );
        const newest = commits.reduce((a, b) => (compare(a, b) >= 0 ? a : b));
        await expectStored(docId, newest);
        expect(results).toContain(true);
      }
    });

    it('SNAP1 never holds a snapshot of a deleted document', async () => {
      const [docId, other] = [freshDoc(), freshDoc()];
      await under.setDeleted(docId, null);
      expect(await under.store.commit(docId, snapshot(1, 1))).toBe(true);
      expect(await under.store.isDeleted(docId)).toBe(false);
      await under.setDeleted(docId, 0);
      expect(await under.store.isDeleted(docId)).toBe(true);
      expect(await under.other.commit(docId, snapshot(1, 2))).toBe(false);
      await expectStored(docId, snapshot(1, 1));
      await under.other.remove(docId);
      await under.other.remove(docId);
      expect(await under.store.load(docId)).toBeNull();
      expect(await under.store.position(docId)).toBeNull();
      expect(await under.store.commit(docId, snapshot(9, 9))).toBe(false);
      expect(await under.store.load(docId)).toBeNull();
      expect(await under.store.isDeleted(other)).toBe(false);
    });

    it('finds what is left of deleted documents', async () => {
      const hourMs = 3_600_000;
      const [fresh, old, kept, gone] = [freshDoc(), freshDoc(), freshDoc(), freshDoc()];
      for (const docId of [fresh, old, kept, gone]) await under.store.commit(docId, snapshot(1, 1));
      await under.setDeleted(fresh, 0);
      await under.setDeleted(old, 2 * hourMs);
      await under.setDeleted(kept, null);
      await under.setDeleted(gone, 0);
      await under.store.remove(gone);
      const among = [fresh, old, kept, gone];
      const found = async (withinMs: number) =>
        (await under.other.remainsOfDeleted(withinMs)).filter((docId) => among.includes(docId)).toSorted();
      expect(await found(hourMs)).toEqual([fresh]);
      expect(await found(Number.POSITIVE_INFINITY)).toEqual([fresh, old].toSorted());
    });

    it('keeps documents apart', async () => {
      const [one, two] = [freshDoc(), freshDoc()];
      await Promise.all([under.store.commit(one, snapshot(1, 1)), under.store.commit(two, snapshot(1, 2))]);
      await expectStored(one, snapshot(1, 1));
      await expectStored(two, snapshot(1, 2));
    });

    it('holds epochs of the size of a clock', async () => {
      const docId = freshDoc();
      const position = { epoch: 1_795_000_000_000, seq: 2 ** 40 };
      await under.store.commit(docId, { ...snapshot(1, 1), position });
      expect(await under.other.position(docId)).toEqual(position);
    });

    it('gives back 5 MB as they were', async () => {
      const docId = freshDoc();
      const large = { ...snapshot(1, 1, randomBytes(5_000_000)), stateVector: randomBytes(20_000) };
      await under.store.commit(docId, large);
      await expectStored(docId, large);
    });

    it.each([512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1])(
      'gives back %i bytes as they were',
      async (length) => {
        const docId = freshDoc();
        const sized = snapshot(1, 1, randomBytes(length));
        await under.store.commit(docId, sized);
        await expectStored(docId, sized);
      },
    );

    it('gives back many documents of all sizes that are asked for at once', async () => {
      const sizes = [0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 600_000];
      const snapshots = new Map<DocId, Snapshot | null>();
      for (const size of sizes) snapshots.set(freshDoc(), snapshot(2, 1 + size, randomBytes(size)));
      for (let i = 0; i < 200; i++) snapshots.set(freshDoc(), i % 2 ? null : snapshot(1, 1 + i));
      for (const [docId, each] of snapshots) if (each) await under.store.commit(docId, each);
      const asked = [...snapshots.keys()];
      // One of them twice: both are answered.
      const loaded = await Promise.all(
        [...asked, ...asked.slice(0, 1)].map((docId) => under.other.load(docId)),
      );
      const expected = [...snapshots.values(), ...[...snapshots.values()].slice(0, 1)];
      loaded.forEach((each, i) => {
        expect(each?.position).toEqual(expected[i]?.position);
        expect(Buffer.compare(each?.state ?? Buffer.of(), expected[i]?.state ?? Buffer.of())).toBe(0);
      });
    });

    it('takes bytes that are a part of a larger buffer, and gives back bytes of their own', async () => {
      const docId = freshDoc();
      const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
      await under.store.commit(docId, snapshot(1, 1, whole.subarray(10, 20)));
      await expectStored(docId, snapshot(1, 1, whole.slice(10, 20)));
      const loaded = await under.store.load(docId);
      // Kept in a cache, a small state must not hold on to the memory of a large buffer.
      expect(loaded?.state.buffer.byteLength).toBe(10);
    });

    it('holds an empty state', async () => {
      const docId = freshDoc();
      const empty = { ...snapshot(1, 0, new Uint8Array()), stateVector: new Uint8Array() };
      await under.store.commit(docId, empty);
      await expectStored(docId, empty);
    });

    // Last, because nothing answers afterwards.
    it('says so when it is unavailable', async () => {
      await under.disconnect();
      const docId = freshDoc();
      await expect(under.store.load(docId)).rejects.toBeInstanceOf(SnapshotsUnavailable);
      await expect(under.store.position(docId)).rejects.toBeInstanceOf(SnapshotsUnavailable);
      await expect(under.store.isDeleted(docId)).rejects.toBeInstanceOf(SnapshotsUnavailable);
      await expect(under.store.remove(docId)).rejects.toBeInstanceOf(SnapshotsUnavailable);
      await expect(under.store.commit(docId, snapshot(1, 1))).rejects.toMatchObject({
        name: 'SnapshotsUnavailable',
        message: expect.stringContaining('committing a snapshot'),
        cause: expect.any(Error),
      });
    });
  });
}

function compare(a: Snapshot, b: Snapshot): number {
  return a.position.epoch - b.position.epoch || a.position.seq - b.position.seq;
}
