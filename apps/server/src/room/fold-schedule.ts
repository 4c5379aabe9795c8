import { comparePositions } from '@kryton/engine/log/position.ts';
import type { LogHead } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { RoomPorts } from './room-ports.ts';

/** A fold is asked for once in this time per document and node, because asking costs about as much as an append. */
const ASK_EVERY_MS = 10_000;
/** Unfolded for this long although somebody should have asked: the request was lost, ask again. */
const LOST_AFTER_MS = 20_000;

/** Asks for the folding of one document (SNAP5). */
export class FoldSchedule {
  readonly #ports: RoomPorts;
  readonly #docId: DocId;
  #askedAt = Number.NEGATIVE_INFINITY;
  #unfoldedSince: number | null = null;

  constructor(ports: RoomPorts, docId: DocId) {
    this.#ports = ports;
    this.#docId = docId;
  }

  /** For how long there have been unfolded updates, in ms; 0 when there are none. */
  get unfoldedMs(): number {
    return this.#unfoldedSince === null ? 0 : this.#ports.timers.now() - this.#unfoldedSince;
  }

  /** This node appended something. */
  appended(): void {
    const now = this.#ports.timers.now();
    this.#unfoldedSince ??= now;
    if (now - this.#askedAt >= ASK_EVERY_MS) this.#ask(now);
  }

  /** Compares with what a committed snapshot covers, and asks again where a request seems to be lost. */
  compare({ last, covered }: LogHead): void {
    const now = this.#ports.timers.now();
    if (last.seq === 0 || (covered && comparePositions(covered, last) >= 0)) {
      this.#unfoldedSince = null;
      return;
    }
    this.#unfoldedSince ??= now;
    if (now - this.#unfoldedSince >= LOST_AFTER_MS && now - this.#askedAt >= LOST_AFTER_MS) this.#ask(now);
  }

  #ask(now: number): void {
    const { jobs, limits, logger } = this.#ports;
    this.#askedAt = now;
    jobs.scheduleFold(this.#docId, limits.foldDelayMs).catch((error) => {
      // The comparison with the head asks again.
      logger.warn({ docId: this.#docId, err: error }, 'a fold could not be scheduled');
    });
  }
}
