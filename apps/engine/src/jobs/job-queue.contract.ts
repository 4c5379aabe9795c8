import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { seededRandom, seedFor } from '../testing/seeded-random.ts';
import { parseTraceparent, type Traceparent } from '../tracing/traceparent.ts';
import {
  AGAIN_AT_MOST_MS,
  type FoldVerdict,
  type JobHandlers,
  type JobProcessor,
  type JobQueue,
  type ProcessorOptions,
} from './job-queue.ts';

export type JobsUnderTest = {
  readonly queue: JobQueue;
  /** Starts the processing side. */
  readonly process: (handlers: JobHandlers, options: ProcessorOptions) => Promise<JobProcessor>;
  readonly stop: () => Promise<void>;
};

const OPTIONS: ProcessorOptions = { concurrency: 4, sweepEveryMs: 60_000 };
const DONE: FoldVerdict = { kind: 'done' };
const MINUTE = 60_000;

/** What every job queue guarantees (see `job-queue.ts`), as tests; `start` makes a fresh one. */
export function describeJobQueue(name: string, start: () => Promise<JobsUnderTest>): void {
  describe(`job queue: ${name}`, () => {
    let under: JobsUnderTest;
    let processors: JobProcessor[];
    beforeEach(async () => {
      under = await start();
      processors = [];
    });
    afterEach(async () => {
      await Promise.all(processors.map((processor) => processor.stop(0)));
      await under.stop();
    });

    const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');

    async function process(
      fold: JobHandlers['fold'],
      options: Partial<ProcessorOptions> = {},
      sweep: JobHandlers['sweep'] = async () => {},
    ): Promise<JobProcessor> {
      const processor = await under.process({ fold, sweep }, { ...OPTIONS, ...options });
      processors.push(processor);
      return processor;
    }

    /** Folds are noted when they start and end when `finish` is called. */
    function heldFolds() {
      const runs: { readonly docId: DocId; readonly finish: (verdict?: FoldVerdict) => void }[] = [];
      const fold = (docId: DocId) =>
        new Promise<FoldVerdict>((resolve) => {
          runs.push({ docId, finish: (verdict = DONE) => resolve(verdict) });
        });
      const started = (count: number, withinMs = 5_000) =>
        eventually(() => runs[count - 1] ?? null, { what: `fold ${count} runs`, withinMs });
      return { runs, fold, started };
    }

    /** Resolves when everything that was scheduled before has run. */
    async function quiet(fold: { runs: unknown[] }): Promise<number> {
      const marker = freshDoc();
      const before = fold.runs.length;
      await under.queue.scheduleFold(marker, 300);
      await eventually(() => fold.runs.length > before, { what: 'the marker runs' });
      return fold.runs.length - 1;
    }

    it('hands a fold the span that asked for it, and none where none did', async () => {
      const span = parseTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');
      const causes = new Map<DocId, Traceparent | null | undefined>();
      await process(async (docId, cause) => {
        causes.set(docId, cause);
        return DONE;
      });
      const [traced, untraced] = [freshDoc(), freshDoc()];
      await under.queue.scheduleFold(traced, 0, span);
      await under.queue.scheduleFold(untraced, 0);
      await eventually(() => causes.size === 2, { what: 'both folds ran' });
      expect([causes.get(traced), causes.get(untraced)]).toEqual([span, null]);
    });

    it('SNAP5 runs a fold when its delay has passed, not before', async () => {
      const at: number[] = [];
      await process(async () => {
        at.push(performance.now());
        return DONE;
      });
      const askedAt = performance.now();
      await under.queue.scheduleFold(freshDoc(), 400);
      await eventually(() => at.length === 1, { what: 'the fold runs' });
      expect((at[0] ?? 0) - askedAt).toBeGreaterThanOrEqual(395);
    });

    it('SNAP5 asking again while a fold waits adds nothing', async () => {
      const docId = freshDoc();
      const runs: DocId[] = [];
      await process(async (each) => {
        runs.push(each);
        return DONE;
      });
      const asking = Array.from({ length: 20 }, () => under.queue.scheduleFold(docId, 1_000));
      await Promise.all(asking);
      await eventually(() => runs.length > 0, { what: 'the fold runs' });
      await quiet({ runs });
      expect(runs.filter((each) => each === docId)).toHaveLength(1);
    });

    it('SNAP5 a request without delay brings a waiting fold forward', async () => {
      const docId = freshDoc();
      const runs: DocId[] = [];
      await process(async (each) => {
        runs.push(each);
        return DONE;
      });
      await under.queue.scheduleFold(docId, MINUTE);
      await under.queue.scheduleFold(docId, 0);
      await eventually(() => runs.length === 1, { what: 'the fold runs' });
    });

    it('SNAP5 what is asked while the fold runs makes one more run after it, never beside it', async () => {
      const docId = freshDoc();
      const folds = heldFolds();
      await process(folds.fold);
      await under.queue.scheduleFold(docId, 0);
      const first = await folds.started(1);
      for (let i = 0; i < 5; i++) await under.queue.scheduleFold(docId, 0);
      const other = freshDoc();
      await under.queue.scheduleFold(other, 100);
      const second = await folds.started(2);
      expect(second.docId, 'the same document is not folded twice at once').toBe(other);
      second.finish();
      first.finish();
      const third = await folds.started(3);
      expect(third.docId).toBe(docId);
      third.finish();
      expect(await quiet(folds)).toBe(3);
      folds.runs.at(-1)?.finish();
    });

    it('a fold that asks for it runs again after its delay', async () => {
      const at: number[] = [];
      await process(async () => {
        at.push(performance.now());
        return at.length < 3 ? { kind: 'again', delayMs: 300 } : DONE;
      });
      await under.queue.scheduleFold(freshDoc(), 0);
      await eventually(() => at.length === 3, { what: 'the fold ran three times' });
      const [first = 0, second = 0, third = 0] = at;
      expect(second - first).toBeGreaterThanOrEqual(295);
      expect(third - second).toBeGreaterThanOrEqual(295);
    });

    it('SNAP5 a request without delay brings a fold forward that waits at its own wish', async () => {
      const docId = freshDoc();
      const runs: DocId[] = [];
      await process(async (each) => {
        runs.push(each);
        return { kind: 'again', delayMs: AGAIN_AT_MOST_MS };
      });
      for (let run = 1; run <= 3; run++) {
        await under.queue.scheduleFold(docId, 0);
        await eventually(() => runs.length === run, { what: `run ${run}` });
        // The verdict is taken in after the handler has returned.
        await quiet({ runs });
        runs.pop();
      }
      expect(runs).toEqual([docId, docId, docId]);
    });

    it('SNAP5 a request during a run survives whatever the run answers, and waits for no longer than it may', async () => {
      const docId = freshDoc();
      const folds = heldFolds();
      await process(folds.fold);
      await under.queue.scheduleFold(docId, 0);
      const first = await folds.started(1);
      await under.queue.scheduleFold(docId, 100);
      first.finish({ kind: 'again', delayMs: MINUTE });
      const second = await folds.started(2, 2 * AGAIN_AT_MOST_MS);
      expect(second.docId).toBe(docId);
      second.finish();
    });

    it('a fold that fails is tried again, and one that is asked for meanwhile runs too', async () => {
      const docId = freshDoc();
      let runs = 0;
      await process(async () => {
        runs += 1;
        if (runs < 3) throw new Error(`failure ${runs}`);
        return DONE;
      });
      await under.queue.scheduleFold(docId, 0);
      await eventually(() => runs === 3, { what: 'the third try', withinMs: 10_000 });
    });

    it('LOG9 a document that fails for ever stops no other', async () => {
      const broken = freshDoc();
      const folded = new Set<DocId>();
      await process(
        async (docId) => {
          if (docId === broken) throw new Error('broken for ever');
          folded.add(docId);
          return DONE;
        },
        { concurrency: 1 },
      );
      await under.queue.scheduleFold(broken, 0);
      const others = Array.from({ length: 20 }, freshDoc);
      for (const docId of others) await under.queue.scheduleFold(docId, 0);
      await eventually(() => folded.size === others.length, { what: 'all others are folded' });
    });

    it('sweeps at the start and then regularly, never two at once', async () => {
      const everyMs = 200;
      const { promise: laterFold, resolve: foldedLater } = Promise.withResolvers<void>();
      let running = 0;
      let most = 0;
      let sweeps = 0;
      await process(
        async () => {
          foldedLater();
          return DONE;
        },
        { sweepEveryMs: everyMs },
        async () => {
          running += 1;
          most = Math.max(most, running);
          // The first one takes longer than two periods, by the queue's own clock.
          if (sweeps === 0) {
            await under.queue.scheduleFold(freshDoc(), 2.5 * everyMs);
            await laterFold;
          }
          running -= 1;
          sweeps += 1;
          if (sweeps === 2) throw new Error('one sweep fails');
        },
      );
      await eventually(() => sweeps >= 4, { what: 'four sweeps' });
      expect(most).toBe(1);
    });

    it('stop waits for the running fold, no longer, and takes no other', async () => {
      const folds = heldFolds();
      const processor = await process(folds.fold, { concurrency: 1 });
      await under.queue.scheduleFold(freshDoc(), 0);
      const first = await folds.started(1);
      await under.queue.scheduleFold(freshDoc(), 0);
      const startedAt = performance.now();
      const stopped = processor.stop(15_000);
      first.finish();
      await stopped;
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect(folds.runs).toHaveLength(1);
    });

    it('stop leaves at its deadline although a fold hangs', async () => {
      const folds = heldFolds();
      const processor = await process(folds.fold);
      await under.queue.scheduleFold(freshDoc(), 0);
      await folds.started(1);
      const startedAt = performance.now();
      await processor.stop(300);
      const tookMs = performance.now() - startedAt;
      expect(tookMs, 'until then it waits for the fold').toBeGreaterThanOrEqual(295);
      expect(tookMs).toBeLessThan(5_000);
    });

    it('SNAP5 under random requests every document is folded after its last one, one fold at a time', async () => {
      const random = seededRandom(seedFor(`jobs ${name}`));
      const docIds = Array.from({ length: 5 }, freshDoc);
      const lastAsked = new Map<DocId, number>();
      const lastFolded = new Map<DocId, number>();
      const running = new Set<DocId>();
      let clock = 0;
      await process(async (docId) => {
        expect(running.has(docId), 'one fold of a document at a time').toBe(false);
        running.add(docId);
        const startedAt = ++clock;
        await new Promise((resolve) => setTimeout(resolve, random.int(20)));
        running.delete(docId);
        lastFolded.set(docId, startedAt);
        return random.chance(0.3) ? { kind: 'again', delayMs: random.int(300) } : DONE;
      });
      for (let i = 0; i < 150; i++) {
        const docId = random.pick(docIds);
        lastAsked.set(docId, ++clock);
        await under.queue.scheduleFold(docId, random.int(50));
        if (random.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, random.int(30)));
      }
      const isFolded = (docId: DocId) => (lastFolded.get(docId) ?? 0) > (lastAsked.get(docId) ?? 0);
      await eventually(() => docIds.every(isFolded), {
        what: 'every document is folded after its last request',
      });
    });
  });
}
