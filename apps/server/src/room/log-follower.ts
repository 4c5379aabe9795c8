import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import { comparePositions, follows, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import type { LogHead, UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';

const PAGE = 500;
const RETRY_MS = 250;
/** How often the log is read for an announced entry that is not there. */
const MAX_LOOKS = 4;

/** Why a room had to look at the log or the snapshot again; a label of the resync metric. */
export type ResyncReason = 'gap' | 'tail' | 'behind' | 'epoch' | 'lost' | 'slow-reader';

export type LogFollowerOptions = {
  readonly docId: DocId;
  readonly log: UpdateLog;
  /** The next entry of the log, exactly one after the other. */
  readonly onEntry: (position: Position, update: Uint8Array) => void;
  /** The log cannot be followed from here: the room loads snapshot and tail, then calls {@link LogFollower.restart}. */
  readonly onResync: (reason: ResyncReason) => Promise<void>;
  readonly onHeal: (reason: ResyncReason) => void;
  readonly onError: (error: unknown) => void;
  readonly timers: Timers;
};

/**
 * Turns what pub/sub delivers (in order, at most once) into every entry of the log, in order and without gaps (LOG2).
 * A hole, an announcement without bytes or a tail that is further than we are (LOG4) makes it read the log.
 */
export class LogFollower {
  readonly #options: LogFollowerOptions;
  #position: Position = ORIGIN;
  #healing = false;
  /** Whether the room has loaded; what is announced before that is noted, and most of it is then already loaded. */
  #isStarted = false;
  #isClosed = false;
  /** The furthest position that we were told of: it was in the log, announced or appended by this node. */
  #target: Position = ORIGIN;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
  }

  /** Up to where this node has handed on everything. */
  get position(): Position {
    return this.#position;
  }

  /**
   * The furthest position of this epoch that was in the log: a log that ends before it has lost entries, also where
   * they never came back to us (LOG3).
   */
  get reached(): Position {
    const isFurther = this.#target.epoch === this.#position.epoch && this.#target.seq > this.#position.seq;
    return isFurther ? this.#target : this.#position;
  }

  /** There is an entry at `position`: this node appended it, or was told of it. It is read when it does not come. */
  heardOf(position: Position): void {
    if (comparePositions(position, this.#target) > 0) this.#target = position;
  }

  /** An announcement from the log; `update` null when it came without its bytes. */
  receive(position: Position, update: Uint8Array | null): void {
    if (comparePositions(position, this.#position) <= 0) return;
    this.heardOf(position);
    if (!this.#isStarted) return;
    if (!this.#healing && update !== null && follows(position, this.#position)) {
      this.#advance(position, update);
      return;
    }
    this.#heal(position.epoch === this.#position.epoch ? 'gap' : 'epoch');
  }

  /** Compares with the log's head, which was asked for when {@link LogFollower.reached} was `asked` (LOG4). */
  compare(head: LogHead | null, asked: Position): void {
    if (head === null || comparePositions(head.last, asked) < 0) {
      this.#heal('lost');
      return;
    }
    if (comparePositions(head.last, this.#position) <= 0) return;
    this.heardOf(head.last);
    this.#heal('tail');
  }

  /**
   * Goes on from `position`, which the room has loaded from snapshot and log; the first time with what was announced
   * while it was loading. Mostly that is nothing but the epoch which the loading itself began.
   */
  restart(position: Position): void {
    this.#position = position;
    if (comparePositions(this.#target, position) < 0) this.#target = position;
    if (this.#isStarted) return;
    this.#isStarted = true;
    if (comparePositions(this.#target, position) > 0)
      this.#heal(this.#target.epoch === position.epoch ? 'gap' : 'epoch');
  }

  close(): void {
    this.#isClosed = true;
  }

  #advance(position: Position, update: Uint8Array): void {
    this.#position = position;
    this.#options.onEntry(position, update);
  }

  #heal(reason: ResyncReason): void {
    if (this.#healing || this.#isClosed) return;
    this.#healing = true;
    this.#options.onHeal(reason);
    void this.#catchUp(reason).finally(() => {
      this.#healing = false;
      if (!this.#isClosed && comparePositions(this.#target, this.#position) > 0) this.#heal('gap');
    });
  }

  /** Reads until we have all that we were told of. Never rejects; gives up only when the room closes. */
  async #catchUp(reason: ResyncReason): Promise<void> {
    const { docId, log, timers, onError, onResync } = this.#options;
    if (reason === 'lost') {
      await this.#untilDone(() => onResync('lost'));
      return;
    }
    let looks = 0;
    while (!this.#isClosed) {
      try {
        const page = await log.read(docId, this.#position, PAGE);
        if (page.kind !== 'entries') {
          await onResync(page.kind === 'behind' ? 'behind' : 'lost');
          return;
        }
        for (const entry of page.entries) {
          if (!follows(entry.position, this.#position)) {
            await onResync('epoch');
            return;
          }
          this.#advance(entry.position, entry.update);
        }
        if (page.more) continue;
        if (comparePositions(this.#target, this.#position) <= 0) return;
        // A new epoch that nobody has written to yet has no entry that would show it.
        if (this.#target.epoch > this.#position.epoch) {
          await onResync('epoch');
          return;
        }
        if (++looks === MAX_LOOKS) {
          // What was announced is not in the log: it was lost after all.
          await onResync('lost');
          return;
        }
      } catch (error) {
        onError(error);
        await pause(timers, RETRY_MS);
      }
    }
  }

  async #untilDone(run: () => Promise<void>): Promise<void> {
    while (!this.#isClosed) {
      try {
        await run();
        return;
      } catch (error) {
        this.#options.onError(error);
        await pause(this.#options.timers, RETRY_MS);
      }
    }
  }
}
