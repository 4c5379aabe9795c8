import { foldUpdates, stateVectorOf } from '@kryton/engine/compaction/fold-updates.ts';
import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import { addDeletes, type DeletedRanges } from '@kryton/engine/protocol/state-vector.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import { diffUpdate } from 'yjs';

/** The work of the threads, done by whoever asks: a thread would answer when it likes, and no run would be repeatable. */
export const simWork: HeavyWork = {
  fold: async (state, updates) => foldUpdates(state, updates),
  diff: async (update, stateVector) => diffUpdate(update, stateVector),
  mergeMany: async (updates) => mergeMany([...updates]),
  stateVectorOf: async (update) => stateVectorOf(update),
  deletedRanges: async (update) => {
    const ranges: DeletedRanges = new Map();
    addDeletes(ranges, checkUpdate(update, TRUSTED_UPDATE_LIMITS).deleteSet);
    return ranges;
  },
  check: async (update) => void checkUpdate(update),
  close: async () => {},
};
