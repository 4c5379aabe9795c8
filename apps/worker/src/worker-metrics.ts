import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BacklogFigures } from '@kryton/engine/compaction/backlog.ts';
import type { FoldReport, FoldResult } from '@kryton/engine/compaction/fold.ts';
import type { QuarantineCount } from '@kryton/engine/compaction/quarantine.ts';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const FOLD_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** The figures of one worker, in Prometheus' form. Labels have few, known values: never a document. */
export class WorkerMetrics {
  readonly registry = new Registry();
  readonly #folds: Counter<'result'>;
  readonly #seconds: Histogram;
  readonly #entries: Counter;
  readonly #trimmed: Counter;
  readonly #setAside: Counter;
  readonly #backlog: { documents: Gauge; unfolded: Gauge; oldest: Gauge };
  readonly #quarantined: Gauge<'kind'>;
  readonly #eventLoop = monitorEventLoopDelay({ resolution: 5 });

  /** `name` labels every figure. */
  constructor(name: string) {
    const registers = [this.registry];
    this.registry.setDefaultLabels({ node: name });
    const gauge = (metric: string, help: string) => new Gauge({ name: metric, help, registers });
    const counter = (metric: string, help: string) => new Counter({ name: metric, help, registers });
    this.#folds = new Counter({
      name: 'kryton_folds_total',
      help: 'Fold jobs that ended, by result.',
      labelNames: ['result'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'kryton_fold_seconds',
      help: 'How long the folds that committed a snapshot took, log reading and trimming included.',
      buckets: FOLD_BUCKETS_S,
      registers,
    });
    this.#entries = counter('kryton_folded_entries_total', 'Log entries folded into snapshots.');
    this.#trimmed = counter('kryton_trimmed_entries_total', 'Log entries removed after folding.');
    this.#setAside = counter('kryton_quarantine_total', 'Entries and documents set aside by this worker.');
    this.#backlog = {
      documents: gauge('kryton_log_documents', 'Documents that have a log, as of the last sweep.'),
      unfolded: gauge('kryton_backlog_documents', 'Documents with unfolded updates, as of the last sweep.'),
      oldest: gauge(
        'kryton_backlog_oldest_seconds',
        'For how long the oldest backlog has been seen without a fold, as of the last sweep.',
      ),
    };
    this.#quarantined = new Gauge({
      name: 'kryton_quarantined',
      help: 'What is set aside, as of the last sweep.',
      labelNames: ['kind'],
      registers,
    });
    this.#observeEventLoop();
  }

  folded(report: FoldReport, seconds: number): void {
    this.#folds.inc({ result: report.result });
    this.#entries.inc(report.entries);
    this.#trimmed.inc(report.trimmed);
    if (report.result === 'folded') this.#seconds.observe(seconds);
  }

  failed(): void {
    const result: FoldResult | 'failed' = 'failed';
    this.#folds.inc({ result });
  }

  setAside(): void {
    this.#setAside.inc();
  }

  swept(backlog: BacklogFigures): void {
    this.#backlog.documents.set(backlog.documents);
    this.#backlog.unfolded.set(backlog.unfolded);
    this.#backlog.oldest.set(backlog.oldestUnfoldedAgeMs / 1_000);
  }

  quarantined(quarantined: QuarantineCount): void {
    this.#quarantined.set({ kind: 'document' }, quarantined.documents);
    this.#quarantined.set({ kind: 'entry' }, quarantined.entries);
  }

  stop(): void {
    this.#eventLoop.disable();
  }

  #observeEventLoop(): void {
    this.#eventLoop.enable();
    const delay = this.#eventLoop;
    new Gauge({
      name: 'kryton_event_loop_delay_seconds',
      help: 'How late the event loop ran, since the last scrape.',
      labelNames: ['quantile'],
      registers: [this.registry],
      collect() {
        for (const quantile of [50, 99, 100]) {
          this.set({ quantile: String(quantile / 100) }, delay.percentile(quantile) / 1e9);
        }
        delay.reset();
      },
    });
  }
}
