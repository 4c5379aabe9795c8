import { BacklogSurvey } from '@kryton/engine/compaction/backlog.ts';
import { DocumentFolds } from '@kryton/engine/compaction/document-folds.ts';
import { type FoldOptions, type FoldReport, KEEP_MS } from '@kryton/engine/compaction/fold.ts';
import { FoldPace } from '@kryton/engine/compaction/fold-pace.ts';
import type { Folder } from '@kryton/engine/compaction/folder.ts';
import type { Quarantine } from '@kryton/engine/compaction/quarantine.ts';
import { trimTails } from '@kryton/engine/compaction/tails.ts';
import type { JobHandlers, JobQueue } from '@kryton/engine/jobs/job-queue.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import { traceJobs } from '@kryton/engine/tracing/trace-jobs.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import type { WorkerMetrics } from './worker-metrics.ts';

export type FoldWorkerParts = {
  readonly log: UpdateLog;
  readonly snapshots: SnapshotStore;
  readonly quarantine: Quarantine;
  readonly folder: Folder;
  readonly jobs: Pick<JobQueue, 'scheduleFold'>;
  readonly metrics: WorkerMetrics;
  readonly logger: WorkerLogger;
  /** Monotonic, in ms. */
  readonly now: () => number;
  /**
   * The time by the clock that dates the log's entries, in ms since 1970. A lone edit is folded five seconds sooner
   * with it, and a worker that takes over from a dead one needs these (SNAP5).
   */
  readonly storeNow: () => Promise<number>;
  /** Off unless given. */
  readonly tracing?: Tracing | null;
  readonly options?: Partial<FoldOptions>;
};

/** The part of a pino logger that the worker uses. */
export type WorkerLogger = {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};

/**
 * A deletion that was interrupted is finished within a sweep. What is older was seen by the first sweep of a process,
 * which looks at all that were ever deleted.
 */
const RECENTLY_DELETED_MS = 3_600_000;

/** What the worker does: folds and sweeps, counted and logged. Log lines name documents and never hold their content. */
export function foldWorker(parts: FoldWorkerParts): JobHandlers {
  const { log, snapshots, quarantine, folder, jobs, metrics, logger, now } = parts;
  const tracing = parts.tracing ?? null;
  /** The job of each fold under way, where tracing is on: a document has one at most. */
  const jobSpans = new Map<DocId, Traceparent>();
  const pace = new FoldPace(now);
  const survey = new BacklogSurvey(log, jobs, now);
  let deletedWithinMs = Number.POSITIVE_INFINITY;
  const folds = new DocumentFolds(
    { log, snapshots, folder, quarantine, pace },
    {
      folded(docId, report, seconds) {
        metrics.folded(report, seconds);
        const { result, entries, bytes, stateBytes, trimmed } = report;
        if (tracing) traceFold(tracing, docId, report, seconds, jobSpans.get(docId) ?? null);
        logger.debug({ docId, result, entries, bytes, stateBytes, trimmed, seconds }, 'fold');
      },
      failed(docId, error, seconds) {
        metrics.failed();
        logger.warn({ docId, err: error, seconds }, 'a fold failed and is tried again');
      },
      setAside(docId, reason) {
        metrics.setAside();
        logger.error({ docId, reason }, 'set aside: look at it with npm run quarantine');
      },
    },
    parts.options,
  );
  const handlers: JobHandlers = {
    async fold(docId, job) {
      if (job) jobSpans.set(docId, job);
      // Where the store does not answer, the fold says so.
      await parts.storeNow().then(
        (atMs) => pace.observe(atMs),
        () => {},
      );
      metrics.figures.began();
      return await folds.fold(docId).finally(() => {
        metrics.figures.ended();
        jobSpans.delete(docId);
      });
    },
    async sweep() {
      const { figures: backlog, tails } = await survey.run();
      // Told first: while PostgreSQL is away the backlog is what an operator looks for.
      metrics.swept(backlog);
      metrics.quarantined(await quarantine.count());
      for (const store of [snapshots, quarantine]) {
        // The fold of a deleted document removes what is left of it.
        for (const docId of await store.remainsOfDeleted(deletedWithinMs)) await jobs.scheduleFold(docId, 0);
      }
      deletedWithinMs = RECENTLY_DELETED_MS;
      const trimmed = await trimTails({ log, snapshots, jobs }, tails, parts.options?.keepMs ?? KEEP_MS);
      logger.debug({ ...backlog, tails: tails.length, trimmed }, 'sweep');
    },
  };
  return traceJobs(handlers, tracing);
}

function traceFold(
  tracing: Tracing,
  docId: DocId,
  { result, entries, bytes, stateBytes, trimmed }: FoldReport,
  seconds: number,
  parent: Traceparent | null,
): void {
  // Of a job that is not sampled nothing is told.
  if (parent === null) return;
  const figures = { 'kryton.entries': entries, 'kryton.bytes': bytes, 'kryton.trimmed': trimmed };
  const attributes = {
    'kryton.doc': docId,
    'kryton.result': result,
    'kryton.state_bytes': stateBytes,
    ...figures,
  };
  tracing.start('fold', { parent, agoMs: seconds * 1_000, attributes }).end();
}
