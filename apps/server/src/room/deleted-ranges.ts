import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { addDeletes, type DeletedRanges } from '@kryton/engine/protocol/state-vector.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import type { BaseState } from './base-state.ts';

/** A state of up to this size is decoded on the event loop (ROOM5). */
const INLINE_BYTES = 32 * 1024;

/**
 * Everything that is deleted in a base state, read when a client first answers with a delete set and kept up with
 * the tail from then on.
 */
export class DeletedIndex {
  readonly base: BaseState;
  readonly #ofState: Promise<DeletedRanges>;
  #entriesSeen = 0;

  constructor(base: BaseState, heavy: HeavyWork) {
    this.base = base;
    this.#ofState = read(base, heavy);
  }

  /** Rejects when the state cannot be decoded. */
  async ranges(): Promise<DeletedRanges> {
    const ranges = await this.#ofState;
    for (const { update } of this.base.tail.slice(this.#entriesSeen)) {
      addDeletes(ranges, checkUpdate(update, TRUSTED_UPDATE_LIMITS).deleteSet);
    }
    this.#entriesSeen = this.base.tail.length;
    return ranges;
  }
}

async function read({ state }: BaseState, heavy: HeavyWork): Promise<DeletedRanges> {
  if (state.length > INLINE_BYTES) return await heavy.deletedRanges(state);
  const ranges: DeletedRanges = new Map();
  addDeletes(ranges, checkUpdate(state, TRUSTED_UPDATE_LIMITS).deleteSet);
  return ranges;
}
