import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { comparePositions, ORIGIN } from '@kryton/engine/log/position.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';

/** What can be done with a system that has a log and a worker which folds it (P9); the others have neither. */
export type Folding = {
  /** Puts updates into a document's log, without any client and faster than one; no fold is asked for. */
  append(docId: string, updates: readonly Uint8Array[]): Promise<void>;
  requestFold(docId: string): Promise<void>;
  /** Whether the stored snapshot has everything that is in the log. */
  isFolded(docId: string): Promise<boolean>;
  stopWorker(): Promise<void>;
  /** Resolves when it answers; then it takes its first job. */
  startWorker(): Promise<void>;
  /** How late each node's event loop ran at most since the last call, in ms, as its own metric says (5 ms are its tick). */
  loopDelaysMs(): Promise<number[]>;
};

export type FoldingParts = {
  readonly redisUrl: string;
  readonly snapshots: Pick<SnapshotStore, 'position'>;
  /** Of the nodes. */
  readonly metricsPorts: readonly number[];
  readonly worker: Pick<Folding, 'stopWorker' | 'startWorker'>;
};

/** Appends under way at a time. */
const TOGETHER = 500;
const LONGEST_DELAY = 'kryton_event_loop_delay_seconds{';

/** The connections are made anew for each step: most scenarios need none. */
export function foldingOf({ redisUrl, snapshots, metricsPorts, worker }: FoldingParts): Folding {
  const connection = { url: redisUrl, name: 'bench', onError: () => {} };
  const onLog = async <Result>(work: (log: RedisUpdateLog) => Promise<Result>): Promise<Result> => {
    const log = await RedisUpdateLog.connect(connection);
    return await work(log).finally(() => log.close());
  };
  return {
    ...worker,
    append: (docId, updates) => onLog((log) => appendAll(log, idOf(docId), updates)),
    async requestFold(docId) {
      const jobs = await BullMqJobQueue.connect(connection);
      await jobs.scheduleFold(idOf(docId), 0).finally(() => jobs.close());
    },
    async isFolded(docId) {
      const covered = (await snapshots.position(idOf(docId))) ?? ORIGIN;
      const [head] = await onLog((log) => log.heads([idOf(docId)]));
      return head ? comparePositions(covered, head.last) >= 0 : false;
    },
    loopDelaysMs: () => Promise.all(metricsPorts.map(longestDelayMs)),
  };
}

async function appendAll(log: RedisUpdateLog, docId: DocId, updates: readonly Uint8Array[]): Promise<void> {
  const { last } = await log.open(docId, ORIGIN);
  for (let from = 0; from < updates.length; from += TOGETHER) {
    const some = updates.slice(from, from + TOGETHER);
    const results = await Promise.all(some.map((update) => log.append(docId, last, update)));
    if (results.some(({ kind }) => kind !== 'appended')) throw new Error(`the log of ${docId} was lost`);
  }
}

async function longestDelayMs(port: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/metrics`;
  const lines = (await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text()).split('\n');
  const line = lines.find((line) => line.startsWith(LONGEST_DELAY) && line.includes('quantile="1"'));
  if (line === undefined) throw new Error(`the node with its metrics on ${port} does not tell its delay`);
  return Number(line.slice(line.lastIndexOf(' '))) * 1_000;
}

function idOf(docId: string): DocId {
  const id = parseDocId(docId);
  if (id === null) throw new Error(`"${docId}" is no document id`);
  return id;
}
