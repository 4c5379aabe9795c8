import { comparePositions, type Position } from '@kryton/engine/log/position.ts';
import type { LogHead } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import type { RoomLimits, RoomLogger, RoomPorts } from './room-ports.ts';

/** A fold is asked for once in this time per document and node, because asking costs about as much as an append. */
const ASK_EVERY_MS = 10_000;
/** Unfolded for this long although somebody should have asked: the request was lost, ask again. */
const LOST_AFTER_MS = 20_000;

export type FoldSchedulePorts = Pick<RoomPorts, 'jobs' | 'tracing'> & {
  readonly timers: Pick<RoomPorts['timers'], 'now'>;
  readonly limits: Pick<RoomLimits, 'foldDelayMs'>;
  readonly logger: Pick<RoomLogger, 'warn'>;
};

/** Asks for the folding of one document (SNAP5). */
export class FoldSchedule {
  readonly #ports: FoldSchedulePorts;
  readonly #docId: DocId;
  #askedAt = Number.NEGATIVE_INFINITY;
  #appendedAt = Number.NEGATIVE_INFINITY;
  /** Whether something was appended that the last request may have come too early for, or the request failed. */
  #isUnasked = false;
  #unfoldedSince: number | null = null;
  /** What a snapshot covered when we last looked; undefined before the first look. */
  #covered: Position | null | undefined = undefined;
  /** The span of the last append that no request names yet, where tracing is on. */
  #cause: Traceparent | null = null;

  constructor(ports: FoldSchedulePorts, docId: DocId) {
    this.#ports = ports;
    this.#docId = docId;
  }

  /**
   * For how long there have been unfolded updates, in ms; 0 when there are none. Under continuous editing there always
   * are some: where a fold was seen to move on it counts from there.
   */
  get unfoldedMs(): number {
    return this.#unfoldedSince === null ? 0 : this.#ports.timers.now() - this.#unfoldedSince;
  }

  /** This node appended something, as `append` tells where tracing is on. */
  appended(append: Traceparent | null = null): void {
    this.#cause = append;
    const now = this.#ports.timers.now();
    this.#appendedAt = now;
    this.#unfoldedSince ??= now;
    this.#isUnasked = true;
    if (now - this.#askedAt >= ASK_EVERY_MS) this.#ask(now);
  }

  /**
   * Compares with what a committed snapshot covers, every few seconds: asks for what was appended since the last
   * request, and asks again where a request seems to be lost.
   */
  compare({ last, covered }: LogHead): void {
    const now = this.#ports.timers.now();
    const movedOn = this.#covered !== undefined && covered !== null && isFurther(covered, this.#covered);
    this.#covered = covered;
    if (last.seq === 0 || (covered && comparePositions(covered, last) >= 0)) {
      this.#unfoldedSince = null;
      return;
    }
    if (movedOn) this.#unfoldedSince = now;
    this.#unfoldedSince ??= now;
    const sinceAskedMs = now - this.#askedAt;
    const isUnasked = this.#isUnasked && sinceAskedMs >= ASK_EVERY_MS;
    const isLost = now - this.#unfoldedSince >= LOST_AFTER_MS && sinceAskedMs >= LOST_AFTER_MS;
    if (isUnasked || isLost) this.#ask(now);
  }

  /** The room closes: what it appended last is asked for now, because nobody may look at it later. */
  close(): void {
    if (this.#isUnasked) this.#ask(this.#ports.timers.now());
  }

  /** The delay counts from the last append, so that a request that was put off does not put the fold off too. */
  #ask(now: number): void {
    const { limits, logger } = this.#ports;
    this.#askedAt = now;
    this.#isUnasked = false;
    const delayMs = Math.max(0, limits.foldDelayMs - (now - this.#appendedAt));
    this.#schedule(delayMs).catch((error) => {
      // The comparison with the head asks again.
      logger.warn({ docId: this.#docId, err: error }, 'a fold could not be scheduled');
      this.#isUnasked = true;
    });
  }

  async #schedule(delayMs: number): Promise<void> {
    const { jobs, tracing } = this.#ports;
    if (!tracing) return await jobs.scheduleFold(this.#docId, delayMs);
    const attributes = { 'kryton.doc': this.#docId, 'kryton.delay_ms': Math.round(delayMs) };
    const span = tracing.start('schedule fold', { kind: 'producer', parent: this.#cause, attributes });
    this.#cause = null;
    try {
      await jobs.scheduleFold(this.#docId, delayMs, span.traceparent);
      span.end();
    } catch (error) {
      span.end({}, error);
      throw error;
    }
  }
}

function isFurther(covered: Position, before: Position | null): boolean {
  return before === null || comparePositions(covered, before) > 0;
}
