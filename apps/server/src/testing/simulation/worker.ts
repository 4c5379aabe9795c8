import { BacklogSurvey } from '@kryton/engine/compaction/backlog.ts';
import { DocumentFolds } from '@kryton/engine/compaction/document-folds.ts';
import { FoldPace } from '@kryton/engine/compaction/fold-pace.ts';
import { trimTails } from '@kryton/engine/compaction/tails.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { SimContext } from './context.ts';
import type { SimLine } from './line.ts';
import { SimProcess } from './process.ts';
import { slowWork } from './work.ts';

/** Short, so that trimming happens within a run (SNAP3 asks for 60 s). */
const KEEP_MS = 1_500;
const RETRY_MS = 1_000;
/** After which a job whose worker died or was stopped is given to another. */
const STALLED_MS = 3_000;
/** The product sweeps every 30 s, for as long as a whole run here. */
const SWEEP_MS = 4_000;

/** What BullMQ does for the product: at most one fold of a document waits, none is forgotten, and one worker sweeps. */
export class SimJobs {
  readonly #world: SimContext;
  readonly #waiting = new Map<DocId, () => void>();

  constructor(world: SimContext) {
    this.#world = world;
    this.#sweep();
  }

  ask(docId: DocId, delayMs: number): void {
    if (this.#waiting.has(docId)) return;
    const { clock, random } = this.#world;
    const cancel = clock.after(delayMs, () => {
      this.#waiting.delete(docId);
      this.#give(docId);
      // A worker that was believed dead and is not: the job runs twice at the same time.
      if (random.chance(0.05)) this.#give(docId);
    });
    this.#waiting.set(docId, cancel);
  }

  #sweep(): void {
    const { clock, random, trace } = this.#world;
    clock.after(SWEEP_MS, () => {
      this.#sweep();
      const alive = this.#world.workers().filter(({ process }) => process.isAlive);
      if (alive.length === 0) return;
      const worker = random.pick(alive);
      worker.sweep().catch((error) => trace(`the sweep of ${worker.process.name} failed: ${String(error)}`));
    });
  }

  #give(docId: DocId): void {
    const { clock, random, count } = this.#world;
    const alive = this.#world.workers().filter(({ process }) => process.isAlive);
    if (alive.length === 0) {
      clock.after(RETRY_MS, () => this.ask(docId, 0));
      return;
    }
    const worker = random.pick(alive);
    let isOver = false;
    const over = (delayMs: number | null) => {
      if (isOver) return;
      isOver = true;
      if (delayMs !== null) this.ask(docId, delayMs);
    };
    const watch = () =>
      clock.after(STALLED_MS, () => {
        if (isOver) return;
        if (worker.process.isAlive && !worker.process.isFrozen) watch();
        else over(0);
      });
    watch();
    count('fold');
    worker.fold(docId).then(
      (verdict) => over(verdict.kind === 'again' ? verdict.delayMs : null),
      () => over(RETRY_MS),
    );
  }
}

/** One run of a worker: the product's folding on a simulated line. */
export class SimWorker {
  readonly name: string;
  readonly process: SimProcess;
  /** To Redis, and to PostgreSQL. */
  readonly line: SimLine;
  readonly sql: SimLine;
  readonly #folds: DocumentFolds;
  readonly sweep: () => Promise<number>;

  constructor(world: SimContext, name: string) {
    this.name = name;
    const { clock, random, store, bus, trace, count } = world;
    this.process = new SimProcess({
      name,
      clock,
      onKilled: () => {
        trace(`${name} is killed`);
        void log.close();
        world.died(name);
      },
    });
    this.line = world.redisLine(this.process);
    this.sql = world.sqlLine(this.process);
    const log = new world.Log(store, bus, this.line, this.process.timers);
    const snapshots = world.snapshotsOver(this.sql);
    const jobs = { scheduleFold: async (docId: DocId) => world.jobs.ask(docId, 0) };
    // Were the sweep's own requests heeded, they would hide it where a room forgets to ask.
    const survey = new BacklogSurvey(log, { scheduleFold: async () => {} }, () => clock.now());
    this.sweep = async () => await trimTails({ log, snapshots, jobs }, (await survey.run()).tails, KEEP_MS);
    this.#folds = new DocumentFolds(
      {
        log,
        // Nothing is deleted here, and a step more for asking would make every seed another story.
        snapshots: { ...snapshots, isDeleted: async () => false },
        folder: slowWork(this.process, world),
        pace: new FoldPace(() => clock.now()),
        quarantine: world.quarantine,
      },
      {
        folded: (docId, { result, entries, trimmed }) => {
          count(`fold ${result}`);
          trace(`${name} fold of ${docId}: ${result}, ${entries} entries, ${trimmed} trimmed`);
        },
        failed: (docId, error) => trace(`${name} fold of ${docId} failed: ${String(error)}`),
        setAside: (docId, reason) => world.wrong(`${docId} was set aside: ${reason}`),
      },
      // Otherwise next to nothing would be folded while everybody edits and everything goes wrong.
      { keepMs: KEEP_MS, isUrgent: random.chance(0.7) },
    );
  }

  fold(docId: DocId): ReturnType<DocumentFolds['fold']> {
    return this.#folds.fold(docId);
  }
}
