import type { BacklogFigures } from '@kryton/engine/compaction/backlog.ts';
import type { QuarantineCount } from '@kryton/engine/compaction/quarantine.ts';
import type { WorkerStatus } from '@kryton/engine/roster/process-status.ts';

type Figures = Omit<WorkerStatus['figures'], 'upMs' | 'eventLoopMs' | 'memoryBytes'>;

/** What a worker tells of its work on the cluster page. */
export class WorkerFigures {
  #running = 0;
  #folds = 0;
  #failures = 0;
  #backlog: { readonly found: BacklogFigures; readonly at: number } | null = null;
  #quarantined: QuarantineCount | null = null;

  began(): void {
    this.#running++;
  }

  ended(): void {
    this.#running--;
    this.#folds++;
  }

  failed(): void {
    this.#failures++;
  }

  swept(found: BacklogFigures): void {
    this.#backlog = { found, at: performance.now() };
  }

  quarantined(count: QuarantineCount): void {
    this.#quarantined = count;
  }

  read(): Figures {
    const found = this.#backlog?.found;
    return {
      running: this.#running,
      folds: this.#folds,
      failures: this.#failures,
      sweptAgoMs: this.#backlog && performance.now() - this.#backlog.at,
      logDocuments: found?.documents ?? null,
      backlogDocuments: found?.unfolded ?? null,
      backlogOldestMs: found?.oldestUnfoldedAgeMs ?? null,
      quarantinedDocuments: this.#quarantined?.documents ?? null,
      quarantinedEntries: this.#quarantined?.entries ?? null,
    };
  }
}
