import type { JobQueue } from '@kryton/engine/jobs/job-queue.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';

/** As a node does it: the fold is due some time after the first edit (SNAP5). */
const DELAY_MS = 5_000;
const FINISH_MS = 5_000;

/** Asks for the folding of what received something. A request that fails is no loss: the worker's sweep finds it. */
export class FoldRequests {
  readonly #jobs: Pick<JobQueue, 'scheduleFold'> | null;
  readonly #underWay = new Set<Promise<void>>();

  /** Null for the embedded stores: whoever runs on them folds when it starts. */
  constructor(jobs: Pick<JobQueue, 'scheduleFold'> | null) {
    this.#jobs = jobs;
  }

  ask(docId: DocId): void {
    if (this.#jobs === null) return;
    const request = this.#jobs
      .scheduleFold(docId, DELAY_MS)
      .catch(() => {})
      .finally(() => this.#underWay.delete(request));
    this.#underWay.add(request);
  }

  /** Resolves when every request is stored, at the latest after 5 s. */
  async finish(): Promise<void> {
    await deadline(Promise.all(this.#underWay), FINISH_MS, 'asking for folds').catch(() => {});
  }
}
