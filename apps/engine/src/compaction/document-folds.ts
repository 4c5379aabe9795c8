import type { FoldVerdict } from '../jobs/job-queue.ts';
import { ORIGIN } from '../log/position.ts';
import type { DocId } from '../protocol/ids.ts';
import { type FoldOptions, type FoldParts, type FoldReport, foldDocument } from './fold.ts';
import { FoldFailed } from './folder.ts';

/** Failures of the fold itself, in a row and in this process, after which the document is set aside (LOG9). */
const MAX_FAILURES = 3;
/** Documents whose failures are remembered; a document that fails is rare. */
const MAX_REMEMBERED = 10_000;

/** Told of every run; `seconds` is how long it took. */
export type FoldObserver = {
  folded(docId: DocId, report: FoldReport, seconds: number): void;
  failed(docId: DocId, error: unknown, seconds: number): void;
  setAside(docId: DocId, reason: string): void;
};

/** What runs a fold job: {@link foldDocument}, and the document set aside when its fold keeps failing. */
export class DocumentFolds {
  readonly #parts: FoldParts;
  readonly #observer: FoldObserver;
  readonly #options: Partial<FoldOptions>;
  readonly #failures = new Map<DocId, number>();

  constructor(parts: FoldParts, observer: FoldObserver, options: Partial<FoldOptions> = {}) {
    this.#parts = parts;
    this.#observer = observer;
    this.#options = options;
  }

  /** Rejects when the job is to be tried again later. */
  async fold(docId: DocId): Promise<FoldVerdict> {
    const startedAt = performance.now();
    const seconds = () => (performance.now() - startedAt) / 1_000;
    try {
      const report = await foldDocument(this.#parts, docId, this.#options);
      this.#failures.delete(docId);
      for (const { reason } of report.setAside) this.#observer.setAside(docId, reason);
      this.#observer.folded(docId, report, seconds());
      return report.verdict;
    } catch (error) {
      this.#observer.failed(docId, error, seconds());
      // A store that is away says nothing about the document.
      if (!(error instanceof FoldFailed)) throw error;
      return await this.#setAsideOrRetry(docId, error);
    }
  }

  async #setAsideOrRetry(docId: DocId, error: FoldFailed): Promise<FoldVerdict> {
    const failures = (this.#failures.get(docId) ?? 0) + 1;
    if (failures < MAX_FAILURES) {
      if (this.#failures.size >= MAX_REMEMBERED) this.#failures.clear();
      this.#failures.set(docId, failures);
      throw error;
    }
    const position = (await this.#parts.snapshots.position(docId)) ?? ORIGIN;
    const reason = `its fold failed ${failures} times in a row: ${error.message}`;
    await this.#parts.quarantine.setAside({ kind: 'document', docId, position, reason });
    this.#failures.delete(docId);
    this.#observer.setAside(docId, reason);
    return { kind: 'done' };
  }
}
