import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { JobQueue } from '@kryton/engine/jobs/job-queue.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { NodeId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import type { CacheBudget } from './cache-budget.ts';
import type { ResyncReason } from './log-follower.ts';
import type { PendingBudget } from './pending-budget.ts';

/** Everything a room knows of the world. */
export type RoomPorts = {
  readonly node: NodeId;
  readonly log: UpdateLog;
  readonly snapshots: Pick<SnapshotStore, 'load' | 'position'>;
  readonly jobs: Pick<JobQueue, 'scheduleFold'>;
  readonly heavy: HeavyWork;
  readonly cache: CacheBudget;
  readonly pending: PendingBudget;
  readonly metrics: RoomMetrics;
  /** Off unless given. */
  readonly tracing?: Tracing | null;
  readonly logger: RoomLogger;
  readonly timers: Timers;
  readonly limits: RoomLimits;
};

export type RoomLimits = {
  /** How long the log may be away before sockets close with 4503 (LOG6), in ms. */
  readonly graceMs: number;
  /** How long after an append its fold is asked for, in ms (SNAP5). */
  readonly foldDelayMs: number;
  /** A fan-out that takes so long is worth waiting for another one that is near, in ms; 0.3 unless told. */
  readonly dearFanOutMs?: number;
};

/** `retried`: the same bytes are tried again. `given-up`: nobody was told that they are durable (LOG6). */
export type AppendFailure = 'retried' | 'given-up';

/** What a room counts. Durations in ms. */
export type RoomMetrics = {
  updateIn(bytes: number): void;
  /** A batch of `bytes` was written to so many sockets. */
  updateOut(sockets: number, bytes: number): void;
  /** A batch left when the document gathered for `windowMs` (ROOM2). */
  gathered(windowMs: number): void;
  appended(ms: number): void;
  appendFailed(outcome: AppendFailure): void;
  fannedOut(ms: number): void;
  resync(reason: ResyncReason): void;
  load(): void;
  encode(): void;
  presenceOut(sockets: number): void;
  setAside(): void;
};

/** The part of a pino logger that a room uses. */
export type RoomLogger = {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
};
