import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { comparePositions, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';

/** What can be done with a system that has a log and a worker which folds it (P9); the others have neither. */
export type Folding = {
  /** Puts updates into a document's log, without any client and faster than one; no fold is asked for. */
  append(docId: string, updates: readonly Uint8Array[]): Promise<void>;
  requestFold(docId: string): Promise<void>;
  /** Whether the stored snapshot has everything that was put into the log here. */
  isFolded(docId: string): Promise<boolean>;
  stopWorker(): Promise<void>;
  /** Resolves when it answers; then it takes its first job. */
  startWorker(): Promise<void>;
  /** How late each node's event loop ran at most since the last call, in ms, as its own metric says (5 ms are its tick). */
  loopDelaysMs(): Promise<number[]>;
  /** How long all folds of the worker that runs took together, in s, as its own metric says. */
  foldSeconds(): Promise<number>;
};

export type FoldingParts = {
  readonly redisUrl: string;
  readonly snapshots: Pick<SnapshotStore, 'position'>;
  /** Of the nodes. */
  readonly metricsPorts: readonly number[];
  readonly workerMetricsPort: number;
  readonly worker: Pick<Folding, 'stopWorker' | 'startWorker'>;
};

/** Appends under way at a time. */
const TOGETHER = 500;
const LONGEST_DELAY = /^kryton_event_loop_delay_seconds\{.*quantile="1".* (\S+)$/m;
const FOLD_SECONDS = /^kryton_fold_seconds_sum\{.* (\S+)$/m;

/** The connections are made anew for each step: most scenarios need none. */
export function foldingOf(parts: FoldingParts): Folding {
  const { snapshots, metricsPorts, workerMetricsPort, worker } = parts;
  const connection = { url: parts.redisUrl, name: 'bench', onError: () => {} };
  const ends = new Map<string, Position>();
  return {
    ...worker,
    async append(docId, updates) {
      const log = await RedisUpdateLog.connect(connection);
      ends.set(docId, await appendAll(log, idOf(docId), updates).finally(() => log.close()));
    },
    async requestFold(docId) {
      const jobs = await BullMqJobQueue.connect(connection);
      await jobs.scheduleFold(idOf(docId), 0).finally(() => jobs.close());
    },
    async isFolded(docId) {
      const end = ends.get(docId);
      if (!end) throw new Error(`nothing was put into the log of ${docId}`);
      const covered = await snapshots.position(idOf(docId));
      return covered !== null && comparePositions(covered, end) >= 0;
    },
    async loopDelaysMs() {
      return await Promise.all(
        metricsPorts.map(async (port) => (await metricAt(port, LONGEST_DELAY)) * 1_000),
      );
    },
    foldSeconds: () => metricAt(workerMetricsPort, FOLD_SECONDS),
  };
}

/** Resolves with the position of the last one. */
async function appendAll(
  log: RedisUpdateLog,
  docId: DocId,
  updates: readonly Uint8Array[],
): Promise<Position> {
  const { last: known } = await log.open(docId, ORIGIN);
  let end = known;
  for (let from = 0; from < updates.length; from += TOGETHER) {
    const some = updates.slice(from, from + TOGETHER);
    for (const result of await Promise.all(some.map((update) => log.append(docId, known, update)))) {
      if (result.kind !== 'appended') throw new Error(`the log of ${docId} was lost`);
      if (comparePositions(result.position, end) > 0) end = result.position;
    }
  }
  return end;
}

async function metricAt(port: number, pattern: RegExp): Promise<number> {
  const url = `http://127.0.0.1:${port}/metrics`;
  const text = await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text();
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`the metrics at ${url} have nothing like ${pattern}`);
  return Number(value);
}

function idOf(docId: string): DocId {
  const id = parseDocId(docId);
  if (id === null) throw new Error(`"${docId}" is no document id`);
  return id;
}
