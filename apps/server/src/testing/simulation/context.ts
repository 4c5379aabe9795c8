import type { FoldParts } from '@kryton/engine/compaction/fold.ts';
import type { FoldVerdict } from '@kryton/engine/jobs/job-queue.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';
import type { SimClock } from './clock.ts';
import type { LineFaults, SimLine } from './line.ts';
import type { SimLink } from './link.ts';
import type { SimBus, SimLog } from './log.ts';
import type { SimProcess } from './process.ts';
import type { ClockRange } from './receipts.ts';
import type { SimStore } from './store.ts';

/** What a client hears. */
export type LinkListener = { message(bytes: Uint8Array): void; closed(code: number | null): void };

/** A node as clients see it. */
export type Server = {
  readonly name: string;
  readonly isReady: boolean;
  accept(docId: DocId, client: LinkListener): SimLink;
};

/** A worker as the queue sees it. */
export type Worker = {
  readonly process: SimProcess;
  fold(docId: DocId): Promise<FoldVerdict>;
  sweep(): Promise<unknown>;
};

/** What every part of the simulation knows of the others. */
export type SimContext = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly store: SimStore;
  readonly bus: SimBus;
  /** What a process sees the log through. */
  readonly Log: typeof SimLog;
  /** Of every line, at the moment. */
  readonly faults: LineFaults;
  readonly quarantine: FoldParts['quarantine'];
  readonly jobs: { ask(docId: DocId, delayMs: number): void };
  nodes(): readonly Server[];
  workers(): readonly Worker[];
  /** A line of `process` to Redis, and one to PostgreSQL. */
  redisLine(process: SimProcess): SimLine;
  sqlLine(process: SimProcess): SimLine;
  /** The snapshots as a process sees them over its line. */
  snapshotsOver(line: SimLine): SnapshotStore;
  /** A client of the document heard these structs from its node. */
  heard(docId: DocId, ranges: readonly ClockRange[]): void;
  /** The share of edits that bring tens of KB at once. */
  readonly pastes: number;
  /** A process died and is started again after a while. */
  died(name: string): void;
  /** Writes down what happened, if anybody wants to know. */
  trace(what: string): void;
  count(what: string): void;
  /** The promise is broken. */
  wrong(problem: string): void;
};
