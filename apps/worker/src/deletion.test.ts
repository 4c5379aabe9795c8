import { foldDocument } from '@kryton/engine/compaction/fold.ts';
import { appendAll, freshDoc, typed, useFoldStores } from '@kryton/engine/compaction/testing/fold-stores.ts';
import { setDeleted } from '@kryton/engine/database/testing/set-deleted.ts';
import { EmbeddedJobQueue } from '@kryton/engine/jobs/embedded-job-queue.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { pino } from 'pino';
import { afterEach, expect, it } from 'vitest';
import { foldWorker } from './fold-worker.ts';
import { WorkerMetrics } from './worker-metrics.ts';

const stores = useFoldStores();
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A whole worker, which sweeps at once and then every so often. */
function startWorker(sweepEveryMs: number): void {
  const jobs = new EmbeddedJobQueue({ timers: systemTimers, random: Math.random, onError: () => {} });
  const metrics = new WorkerMetrics('deletion');
  const handlers = foldWorker({
    ...stores,
    jobs,
    metrics,
    logger: pino({ level: 'silent' }),
    now: () => performance.now(),
    storeNow: async () => Date.now(),
  });
  const processor = jobs.process(handlers, { concurrency: 2, sweepEveryMs });
  closing.push(
    () => metrics.stop(),
    () => jobs.close(),
    () => processor.stop(1_000),
  );
}

async function remains(docId: DocId): Promise<number> {
  let rows = 0;
  for (const table of ['log_heads', 'log_entries', 'document_snapshots', 'quarantine']) {
    rows += (await stores.database.pool.query(`SELECT 1 FROM ${table} WHERE doc_id = $1`, [docId])).rows
      .length;
  }
  return rows;
}

const isGone = (docId: DocId) =>
  eventually(async () => (await remains(docId)) === 0, { what: 'nothing is left of it', withinMs: 10_000 });

it('a sweep finishes deletions that were interrupted, whatever is left and however long ago', async () => {
  const [log, snapshot, setAside, kept] = [freshDoc(), freshDoc(), freshDoc(), freshDoc()];
  for (const docId of [log, kept]) await appendAll(stores, docId, typed('in the log'));
  await appendAll(stores, snapshot, typed('folded'));
  await foldDocument(stores, snapshot, { isUrgent: true, keepMs: 0 });
  await stores.log.remove(snapshot);
  await stores.quarantine.setAside({
    kind: 'entry',
    docId: setAside,
    position: { epoch: 1, seq: 1 },
    reason: 'broken',
    bytes: Uint8Array.of(1),
  });
  for (const docId of [log, snapshot, setAside]) await setDeleted(stores.database.db, docId, 30 * 86_400_000);
  startWorker(60_000);
  for (const docId of [log, snapshot, setAside]) await isGone(docId);
  expect(await remains(kept)).toBeGreaterThan(0);
});

it('a later sweep finds what was deleted meanwhile, and what is appended to it', async () => {
  const docId = freshDoc();
  await appendAll(stores, docId, typed('folded'));
  await foldDocument(stores, docId, { isUrgent: true, keepMs: 0 });
  startWorker(100);
  await setDeleted(stores.database.db, docId, 0);
  await isGone(docId);
  await appendAll(stores, docId, typed('late'));
  await isGone(docId);
});
