import type { BacklogFigures } from '@kryton/engine/compaction/backlog.ts';
import type { FoldReport, FoldResult } from '@kryton/engine/compaction/fold.ts';
import type { QuarantineCount } from '@kryton/engine/compaction/quarantine.ts';
import { JOB_RESULTS, type JobResult } from '@kryton/engine/jobs/job-queue.ts';
import { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import { ProcessMetrics } from '@kryton/engine/metrics/process-metrics.ts';
import type { Counter, Gauge, Registry } from 'prom-client';
import { WorkerFigures } from './worker-figures.ts';

const FOLD_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];
/** One worker sweeps for all, each time another one: what it found is told until the next sweep but one is due. */
const SWEEP_TOLD_MS = 75_000;

/** Whole by their type. */
const FOLD_RESULTS: Readonly<Record<FoldResult | 'failed', true>> = {
  folded: true,
  overtaken: true,
  waiting: true,
  current: true,
  missing: true,
  'set-aside': true,
  deleted: true,
  failed: true,
};

/** The figures of one worker, in Prometheus' form. Labels have few, known values: never a document. */
export class WorkerMetrics {
  readonly set: MetricSet;
  /** For the cluster page. */
  readonly figures = new WorkerFigures();
  readonly #process: ProcessMetrics;
  readonly #now: () => number;
  readonly #folds: ReturnType<typeof foldFigures>;
  readonly #jobs: Counter<'result'>;
  readonly #sweptAt: Gauge;
  #swept: { readonly backlog: BacklogFigures; readonly at: number } | null = null;
  #quarantined: { readonly count: QuarantineCount; readonly at: number } | null = null;

  /** `name` labels every figure; `now` is monotonic, in ms. */
  constructor(name: string, now: () => number = () => performance.now()) {
    this.#now = now;
    this.set = new MetricSet(name);
    this.#folds = foldFigures(this.set);
    this.#jobs = this.set.counter('kryton_jobs_total', 'Jobs of this worker that ended, by result.', {
      result: JOB_RESULTS,
    });
    this.#sweptAt = this.set.gauge(
      'kryton_last_sweep_timestamp_seconds',
      'When this worker last looked for backlog, or started, in seconds since 1970; one worker does for all.',
    );
    this.#sweptAt.setToCurrentTime();
    this.#registerSweep();
    this.#process = new ProcessMetrics('worker', this.set);
  }

  get registry(): Registry {
    return this.set.registry;
  }

  folded(report: FoldReport, seconds: number): void {
    this.#folds.results.inc({ result: report.result });
    this.#folds.entries.inc(report.entries);
    this.#folds.bytes.inc(report.bytes);
    this.#folds.trimmed.inc(report.trimmed);
    if (report.result === 'folded') this.#folds.seconds.observe(seconds);
  }

  failed(): void {
    this.#folds.results.inc({ result: 'failed' });
    this.figures.failed();
  }

  setAside(): void {
    this.#folds.setAside.inc();
  }

  swept(backlog: BacklogFigures): void {
    this.figures.swept(backlog);
    this.#sweptAt.setToCurrentTime();
    this.#swept = { backlog, at: this.#now() };
  }

  quarantined(count: QuarantineCount): void {
    this.figures.quarantined(count);
    this.#quarantined = { count, at: this.#now() };
  }

  jobEnded(result: JobResult): void {
    this.#jobs.inc({ result });
  }

  stop(): void {
    this.#process.stop();
  }

  /** What the last sweep found, by the worker that ran it; another one's older findings would contradict it. */
  #registerSweep(): void {
    const backlog = (name: string, help: string, read: (figures: BacklogFigures) => number) =>
      this.set.asked(name, help, () => (isTold(this.#swept, this.#now()) ? read(this.#swept.backlog) : null));
    backlog('kryton_log_documents', 'Documents that have a log, as of the last sweep.', (it) => it.documents);
    backlog(
      'kryton_backlog_documents',
      'Documents with unfolded updates, as of the last sweep.',
      (it) => it.unfolded,
    );
    backlog(
      'kryton_backlog_oldest_seconds',
      'For how long the oldest backlog has been seen without a fold, as of the last sweep.',
      (it) => it.oldestUnfoldedAgeMs / 1_000,
    );
    const quarantined = (name: string, help: string, read: (count: QuarantineCount) => number) =>
      this.set.asked(name, help, () =>
        isTold(this.#quarantined, this.#now()) ? read(this.#quarantined.count) : null,
      );
    quarantined(
      'kryton_quarantined_documents',
      'Documents that are set aside, as of the last sweep.',
      (it) => it.documents,
    );
    quarantined(
      'kryton_quarantined_entries',
      'Log entries that are set aside, as of the last sweep.',
      (it) => it.entries,
    );
  }
}

function isTold<Found extends { readonly at: number }>(found: Found | null, now: number): found is Found {
  return found !== null && now - found.at < SWEEP_TOLD_MS;
}

function foldFigures(set: MetricSet) {
  return {
    results: set.counter('kryton_folds_total', 'Fold jobs that ended, by result.', {
      result: Object.keys(FOLD_RESULTS),
    }),
    seconds: set.histogram(
      'kryton_fold_seconds',
      'How long the folds that committed a snapshot took, log reading and trimming included.',
      { buckets: FOLD_BUCKETS_S },
    ),
    entries: set.counter('kryton_folded_entries_total', 'Log entries folded into snapshots.'),
    bytes: set.counter('kryton_folded_bytes_total', 'Bytes of the log entries folded into snapshots.'),
    trimmed: set.counter('kryton_trimmed_entries_total', 'Log entries removed after folding.'),
    setAside: set.counter('kryton_quarantine_total', 'Entries and documents set aside by this worker.'),
  };
}
