import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { Position } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import type { RoomPorts } from './room-ports.ts';
import { RoomTraces } from './room-traces.ts';

/** A batch of `updates` updates that this node sent to the log at `startedAt` (ms, of `timers.now`) and that it took. */
export type Appended = {
  readonly position: Position;
  readonly startedAt: number;
  readonly bytes: number;
  readonly updates: number;
};

/** How long what this node appends takes until it is durable, and until it is on the sockets here; for metrics and traces. */
export class FanOutWatch {
  readonly #metrics: RoomPorts['metrics'];
  readonly #timers: Timers;
  /** Null while tracing is off. */
  readonly #traces: RoomTraces | null;
  /** An append whose entry has not come back yet. */
  #awaited: {
    readonly position: Position;
    readonly startedAt: number;
    readonly append: Traceparent | null;
  } | null = null;

  constructor({ metrics, timers, tracing }: Pick<RoomPorts, 'metrics' | 'timers' | 'tracing'>, docId: DocId) {
    this.#metrics = metrics;
    this.#timers = timers;
    this.#traces = tracing ? new RoomTraces(tracing, docId) : null;
  }

  /** `sentUpTo` is what is on the sockets already. The result is the span of the append, where tracing is on. */
  appended({ position, startedAt, bytes, updates }: Appended, sentUpTo: Position): Traceparent | null {
    const tookMs = this.#timers.now() - startedAt;
    this.#metrics.appended(tookMs);
    const append = this.#traces?.appended(position, tookMs, bytes, updates) ?? null;
    if (reaches(sentUpTo, position)) {
      this.#metrics.fannedOut(tookMs);
      this.#traces?.fannedOut(append, tookMs);
    } else {
      this.#awaited = { position, startedAt, append };
    }
    return append;
  }

  /** Everything up to `position` is on the sockets since `now`. */
  sent(position: Position, now: number): void {
    const awaited = this.#awaited;
    if (awaited === null || !reaches(position, awaited.position)) return;
    this.#metrics.fannedOut(now - awaited.startedAt);
    this.#traces?.fannedOut(awaited.append, now - awaited.startedAt);
    this.#awaited = null;
  }
}

function reaches(position: Position, wanted: Position): boolean {
  return position.epoch === wanted.epoch && position.seq >= wanted.seq;
}
