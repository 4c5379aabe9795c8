import type { JobQueue } from '../jobs/job-queue.ts';
import { comparePositions } from '../log/position.ts';
import type { UpdateLog } from '../log/update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import type { Tail } from './tails.ts';

export type BacklogFigures = {
  /** Documents that have a log. */
  readonly documents: number;
  /** Those with updates that no committed snapshot covers. */
  readonly unfolded: number;
  /** For how long the oldest of them has been so, as far as this process has seen; 0 when there is none. */
  readonly oldestUnfoldedAgeMs: number;
};

/** What one walk found; `tails` are of documents that are folded to their end. */
export type Survey = { readonly figures: BacklogFigures; readonly tails: readonly Tail[] };

/** Documents whose heads are asked for together. */
const SLICE = 200;

/** Since when, by our clock, and what was covered then: where a fold has moved on, the backlog is a new one. */
type Unfolded = Map<DocId, { readonly covered: string; readonly sinceMs: number }>;

/** Epochs without entries whose fold was asked for, and when. */
type EmptyEpochs = Map<DocId, { readonly epoch: number; readonly askedAtMs: number }>;

/**
 * How long the fold of an epoch without entries is not asked for again. Of a document that nobody has ever written to it
 * finds nothing to do: thousands of those that stay open would keep a worker busy with every sweep.
 */
const EMPTY_AGAIN_MS = 10 * 60_000;

/** Finds documents that should be folded and are not: heals requests that were lost (SNAP5), and measures. */
export class BacklogSurvey {
  readonly #log: Pick<UpdateLog, 'documents' | 'heads'>;
  readonly #jobs: Pick<JobQueue, 'scheduleFold'>;
  readonly #now: () => number;
  #unfolded: Unfolded = new Map();
  #empty: EmptyEpochs = new Map();

  /** `now` is monotonic, in ms: ages never compare our clock with the store's. */
  constructor(
    log: Pick<UpdateLog, 'documents' | 'heads'>,
    jobs: Pick<JobQueue, 'scheduleFold'>,
    now: () => number,
  ) {
    this.#log = log;
    this.#jobs = jobs;
    this.#now = now;
  }

  /** Walks all documents once and asks for the folds that are missing. Rejects when log or queue do not answer. */
  async run(): Promise<Survey> {
    const seen = new Set<DocId>();
    const unfolded: Unfolded = new Map();
    const empty: EmptyEpochs = new Map();
    const tails: Tail[] = [];
    let slice: DocId[] = [];
    for await (const docId of this.#log.documents()) {
      if (seen.has(docId)) continue;
      seen.add(docId);
      slice.push(docId);
      if (slice.length < SLICE) continue;
      await this.#look(slice, unfolded, empty, tails);
      slice = [];
    }
    await this.#look(slice, unfolded, empty, tails);
    this.#unfolded = unfolded;
    this.#empty = empty;
    const oldestUnfoldedAgeMs = this.#oldestAgeMs();
    return { figures: { documents: seen.size, unfolded: unfolded.size, oldestUnfoldedAgeMs }, tails };
  }

  #oldestAgeMs(): number {
    const now = this.#now();
    let oldestMs = 0;
    for (const { sinceMs } of this.#unfolded.values()) oldestMs = Math.max(oldestMs, now - sinceMs);
    return oldestMs;
  }

  async #look(
    docIds: readonly DocId[],
    unfolded: Unfolded,
    empty: EmptyEpochs,
    tails: Tail[],
  ): Promise<void> {
    const heads = await this.#log.heads(docIds);
    for (const [index, docId] of docIds.entries()) {
      const head = heads[index];
      if (!head) continue;
      if (head.covered !== null && comparePositions(head.covered, head.last) >= 0) {
        if (!head.isEmpty) tails.push({ docId, covered: head.covered });
        continue;
      }
      if (head.last.seq === 0) {
        empty.set(docId, await this.#askForEmpty(docId, head.last.epoch));
        continue;
      }
      await this.#jobs.scheduleFold(docId, 0);
      const covered = head.covered ? `${head.covered.epoch}-${head.covered.seq}` : '';
      const known = this.#unfolded.get(docId);
      const sinceMs = known?.covered === covered ? known.sinceMs : this.#now();
      unfolded.set(docId, { covered, sinceMs });
    }
  }

  /** Also where there is only an epoch without entries: its fold lets the log leave the store (SNAP7). */
  async #askForEmpty(docId: DocId, epoch: number): Promise<{ epoch: number; askedAtMs: number }> {
    const asked = this.#empty.get(docId);
    const now = this.#now();
    if (asked?.epoch === epoch && now - asked.askedAtMs < EMPTY_AGAIN_MS) return asked;
    await this.#jobs.scheduleFold(docId, 0);
    return { epoch, askedAtMs: now };
  }
}
