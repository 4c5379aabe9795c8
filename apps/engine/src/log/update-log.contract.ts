import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { comparePositions, ORIGIN, type Position } from './position.ts';
import type { LogEntry, UpdateLog } from './update-log.ts';

export type LogUnderTest = {
  readonly log: UpdateLog;
  /** Another node's view of the same log. */
  readonly other: UpdateLog;
  /** Loses everything that is stored of a document, as a store does that lost its data. */
  readonly wipe: (docId: DocId) => Promise<void>;
  /** Loses the entries after `position`, as a store does that fell back to an older copy of itself. */
  readonly rewind: (docId: DocId, position: Position) => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Heard = { positions: Position[]; updates: (Uint8Array | null)[]; presence: Uint8Array[] };

/** What every update log guarantees (see `update-log.ts`), as tests; `start` makes a fresh one. */
export function describeUpdateLog(name: string, start: () => Promise<LogUnderTest>): void {
  describe(`update log: ${name}`, () => {
    let under: LogUnderTest;
    beforeAll(async () => {
      under = await start();
    });
    afterAll(async () => {
      await under.stop();
    });

    const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
    const bytes = (...values: number[]) => Uint8Array.from(values);

    async function append(docId: DocId, known: Position, update: Uint8Array): Promise<Position> {
      const result = await under.log.append(docId, known, update);
      if (result.kind !== 'appended') expect.fail(`append was answered with "${result.kind}"`);
      return result.position;
    }

    async function appendMany(docId: DocId, known: Position, count: number): Promise<Position> {
      let at = known;
      for (let i = 0; i < count; i++) at = await append(docId, at, bytes(i & 255));
      return at;
    }

    async function read(docId: DocId, after: Position, limit = 1_000): Promise<readonly LogEntry[]> {
      const page = await under.log.read(docId, after, limit);
      if (page.kind !== 'entries') expect.fail(`read was answered with "${page.kind}"`);
      return page.entries;
    }

    async function listen(log: UpdateLog, docId: DocId): Promise<Heard> {
      const heard: Heard = { positions: [], updates: [], presence: [] };
      await log.subscribe(docId, {
        entry: (position, update) => {
          heard.positions.push(position);
          heard.updates.push(update && Uint8Array.from(update));
        },
        presence: (message) => heard.presence.push(Uint8Array.from(message)),
      });
      return heard;
    }

    it('LOG1 an acknowledged entry is in the log, byte for byte, with the time of the store', async () => {
      const docId = freshDoc();
      const head = await under.log.open(docId, ORIGIN);
      const everyByte = Uint8Array.from({ length: 256 }, (_, value) => value);
      const position = await append(docId, head.last, everyByte);
      const [entry] = await read(docId, head.last);
      expect(entry?.position).toEqual(position);
      expect(Uint8Array.from(entry?.update ?? [])).toEqual(everyByte);
      expect(Math.abs((entry?.atMs ?? 0) - Date.now())).toBeLessThan(60_000);
    });

    it('LOG1 LOG8 subscribers on every node hear each entry once, in order, before or with its acknowledgement', async () => {
      const docId = freshDoc();
      const head = await under.log.open(docId, ORIGIN);
      const here = await listen(under.log, docId);
      const there = await listen(under.other, docId);
      const last = await appendMany(docId, head.last, 50);
      for (const heard of [here, there]) {
        await eventually(() => heard.positions.length === 50, { what: 'all 50 entries are heard' });
        expect(heard.positions.map(({ seq }) => seq)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
        expect(heard.positions.at(-1)).toEqual(last);
        expect(heard.updates[7]).toEqual(bytes(7));
      }
    });

    it('PRES4 open tells whether others may have the document open', async () => {
      const docId = freshDoc();
      expect((await under.log.open(docId, ORIGIN)).hasOthers).toBe(false);
      await listen(under.log, docId);
      expect((await under.log.open(docId, ORIGIN)).hasOthers).toBe(false);
      const leave = await under.other.subscribe(docId, { entry() {}, presence() {} });
      expect((await under.log.open(docId, ORIGIN)).hasOthers).toBe(true);
      expect((await under.other.open(docId, ORIGIN)).hasOthers).toBe(true);
      await leave();
      expect((await under.log.open(docId, ORIGIN)).hasOthers).toBe(false);
      // Two of one process are others to each other.
      await listen(under.log, docId);
      expect((await under.log.open(docId, ORIGIN)).hasOthers).toBe(true);
    });

    it('LOG1 an update of 6 MB is stored whole and announced, with or without its bytes', async () => {
      const docId = freshDoc();
      const head = await under.log.open(docId, ORIGIN);
      const heard = await listen(under.other, docId);
      const large = new Uint8Array(6_000_000).fill(7);
      const position = await append(docId, head.last, large);
      await eventually(() => heard.positions.length === 1, { what: 'the large entry is announced' });
      expect(heard.positions).toEqual([position]);
      const [entry] = await read(docId, head.last);
      expect(Buffer.compare(entry?.update ?? bytes(), large)).toBe(0);
    });

    it('LOG2 positions are dense within an epoch, also when many append at once', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const results = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          (i % 2 ? under.log : under.other).append(docId, last, bytes(i)),
        ),
      );
      const seqs = results.map((result) => (result.kind === 'appended' ? result.position.seq : -1));
      expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
      expect((await read(docId, last)).map(({ position }) => position.seq)).toEqual(
        Array.from({ length: 200 }, (_, i) => i + 1),
      );
    });

    it('LOG2 a reader continues from its own position, page by page', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 25);
      const first = await under.log.read(docId, last, 10);
      expect(first).toMatchObject({ kind: 'entries', more: true });
      const rest = await read(docId, { ...last, seq: 10 });
      expect(rest.map(({ position }) => position.seq)).toEqual(Array.from({ length: 15 }, (_, i) => i + 11));
      expect(await read(docId, end)).toEqual([]);
    });

    it('LOG2 SNAP3 a reader behind a trim is told so, one at its edge is not', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 20);
      const covered = { ...end, seq: 15 };
      expect(await under.log.trim(docId, covered, 0)).toBe(15);
      expect(await under.log.read(docId, { ...end, seq: 3 }, 10)).toEqual({ kind: 'behind' });
      expect((await read(docId, covered)).map(({ position }) => position.seq)).toEqual([16, 17, 18, 19, 20]);
    });

    it('SNAP3 trimming keeps what is young, and everything that is not covered', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 10);
      expect(await under.log.trim(docId, { ...end, seq: 6 }, 60_000)).toBe(0);
      expect(await read(docId, last)).toHaveLength(10);
      const [head] = await under.log.heads([docId]);
      expect(head?.covered).toEqual({ ...end, seq: 6 });
    });

    it('SNAP1 SNAP3 a late trim does not move the covered position back', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 10);
      await under.log.trim(docId, end, 0);
      await under.log.trim(docId, { ...end, seq: 2 }, 0);
      const [head] = await under.log.heads([docId]);
      expect(head).toMatchObject({ last: end, covered: end });
    });

    it('SNAP7 a log that is trimmed to its end still knows where it stands', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 3);
      await under.log.trim(docId, end, 0);
      expect(await append(docId, end, bytes(1))).toEqual({ ...end, seq: 4 });
    });

    it('LOG3 appending to a log that was lost writes nothing; opening it begins a later epoch', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 5);
      await under.wipe(docId);
      expect(await under.log.append(docId, end, bytes(1))).toEqual({ kind: 'lost' });
      expect(await under.log.read(docId, end, 10)).toEqual({ kind: 'missing' });
      expect(await under.log.heads([docId])).toEqual([null]);
      const opened = await under.log.open(docId, end);
      expect(opened.last.epoch).toBeGreaterThan(end.epoch);
      expect(opened.last.seq).toBe(0);
      expect(await append(docId, opened.last, bytes(1))).toEqual({ epoch: opened.last.epoch, seq: 1 });
    });

    it('LOG3 a log that lost its end is noticed, and what is left of it stays readable', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 9);
      await under.rewind(docId, { ...end, seq: 4 });
      // Several nodes that all know more than the log does try: none of them may fill the hole.
      for (let i = 0; i < 6; i++)
        expect(await under.log.append(docId, end, bytes(1))).toEqual({ kind: 'lost' });
      const opened = await under.log.open(docId, end);
      expect(opened.last.epoch).toBeGreaterThan(end.epoch);
      await append(docId, opened.last, bytes(42));
      const entries = await read(docId, last);
      expect(entries.map(({ position }) => position.seq)).toEqual([1, 2, 3, 4, 1]);
    });

    it('LOG3 an epoch is larger than every one before, also one from a clock that was ahead', async () => {
      const docId = freshDoc();
      const ahead = { epoch: Date.now() + 3_600_000, seq: 12 };
      const opened = await under.log.open(docId, ahead);
      expect(opened.last).toEqual({ epoch: ahead.epoch + 1, seq: 0 });
      expect(await under.log.append(docId, ahead, bytes(1))).toEqual({ kind: 'lost' });
    });

    it('LOG3 whoever opens second finds the epoch of the first, and subscribers hear of a new one', async () => {
      const docId = freshDoc();
      const heard = await listen(under.other, docId);
      const [mine, theirs] = await Promise.all([
        under.log.open(docId, ORIGIN),
        under.other.open(docId, ORIGIN),
      ]);
      expect(mine).toEqual(theirs);
      expect(mine.isEmpty).toBe(true);
      await eventually(() => heard.positions.length > 0, { what: 'the new epoch is announced' });
      expect(heard.positions).toEqual([mine.last]);
    });

    it('LOG4 heads tell where many logs end, in the order asked', async () => {
      const [one, two, none] = [freshDoc(), freshDoc(), freshDoc()];
      const start = await under.log.open(one, ORIGIN);
      await under.log.open(two, ORIGIN);
      const end = await append(one, start.last, bytes(1));
      const [second, missing, first] = await under.other.heads([two, none, one]);
      expect(second?.last.seq).toBe(0);
      expect(missing).toBeNull();
      expect(first).toEqual({ last: end, covered: null, isEmpty: false });
    });

    it('LOG5 the canary hears itself', async () => {
      expect(await under.log.canary('node-of-this-test', 2_000)).toBeGreaterThanOrEqual(0);
    });

    it('PRES4 presence reaches every subscriber and is stored nowhere', async () => {
      const docId = freshDoc();
      const here = await listen(under.log, docId);
      const there = await listen(under.other, docId);
      await under.log.publishPresence(docId, bytes(1, 2, 3));
      for (const heard of [here, there]) {
        await eventually(() => heard.presence.length === 1, { what: 'presence is heard' });
        expect(heard.presence).toEqual([bytes(1, 2, 3)]);
      }
      expect(await under.log.heads([docId])).toEqual([null]);
    });

    it('after unsubscribing nothing is heard any more', async () => {
      const docId = freshDoc();
      const heard: Position[] = [];
      const still = await listen(under.other, docId);
      const unsubscribe = await under.log.subscribe(docId, { entry: (at) => heard.push(at), presence() {} });
      const { last } = await under.log.open(docId, ORIGIN);
      const next = await append(docId, last, bytes(1));
      await eventually(() => heard.some((at) => comparePositions(at, next) === 0), {
        what: 'the first is heard',
      });
      await unsubscribe();
      const before = heard.length;
      await append(docId, next, bytes(2));
      await eventually(() => still.positions.length === 3, { what: 'the other subscriber hears the second' });
      expect(heard).toHaveLength(before);
    });

    it('LOG3 a removed log is gone with everything in it, and a new one is of a later epoch', async () => {
      const [docId, neighbour] = [freshDoc(), freshDoc()];
      const { last } = await under.log.open(docId, ORIGIN);
      const end = await appendMany(docId, last, 5);
      await under.log.append(docId, end, new Uint8Array(400_000));
      const kept = await append(neighbour, (await under.log.open(neighbour, ORIGIN)).last, bytes(1));
      await under.log.trim(docId, { ...end, seq: 2 }, 0);
      await under.other.remove(docId);
      expect(await under.log.heads([docId, neighbour])).toMatchObject([null, { last: kept }]);
      expect(await under.log.read(docId, ORIGIN, 10)).toEqual({ kind: 'missing' });
      expect(await under.log.append(docId, end, bytes(1))).toEqual({ kind: 'lost' });
      expect(await Array.fromAsync(under.log.documents())).not.toContain(docId);
      const opened = await under.log.open(docId, end);
      expect(opened).toMatchObject({ covered: null, isEmpty: true });
      expect(opened.last.epoch).toBeGreaterThan(end.epoch);
      await append(docId, opened.last, bytes(42));
      expect((await read(docId, ORIGIN)).map(({ update }) => update[0])).toEqual([42]);
      await under.log.remove(docId);
      await under.log.remove(docId);
      expect(await under.other.heads([docId])).toEqual([null]);
    });

    it('LOG3 what is appended while a log is removed goes with it', async () => {
      for (let round = 0; round < 5; round++) {
        const docId = freshDoc();
        const { last } = await under.log.open(docId, ORIGIN);
        const append = (i: number) => under.log.append(docId, last, bytes(i));
        await Promise.all([
          ...Array.from({ length: 20 }, (_, i) => append(i)),
          under.log.heads([docId]),
          under.other.remove(docId),
          under.log.heads([docId]),
          under.log.trim(docId, { ...last, seq: 3 }, 0),
          ...Array.from({ length: 20 }, (_, i) => append(i)),
        ]);
        expect(await under.log.heads([docId])).toEqual([null]);
        expect(await under.log.read(docId, ORIGIN, 100)).toEqual({ kind: 'missing' });
        expect(await under.log.append(docId, last, bytes(1))).toEqual({ kind: 'lost' });
        expect(await Array.fromAsync(under.log.documents())).not.toContain(docId);
      }
    });

    it('a document with entries is listed for sweeps', async () => {
      const docId = freshDoc();
      const { last } = await under.log.open(docId, ORIGIN);
      await append(docId, last, bytes(1));
      expect(await Array.fromAsync(under.log.documents())).toContain(docId);
    });
  });
}
