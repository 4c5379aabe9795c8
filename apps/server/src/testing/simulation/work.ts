import { foldUpdates, stateVectorOf } from '@kryton/engine/compaction/fold-updates.ts';
import { FoldFailed } from '@kryton/engine/compaction/folder.ts';
import { type HeavyWork, HeavyWorkFailed } from '@kryton/engine/compaction/heavy-work.ts';
import { renderJson, renderText } from '@kryton/engine/compaction/render-document.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import { addDeletes, type DeletedRanges } from '@kryton/engine/protocol/state-vector.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import { diffUpdate } from 'yjs';
import type { SimContext } from './context.ts';
import type { SimProcess } from './process.ts';

/** A thread is busy with others for so long at most, in ms. */
const LONGEST_MS = 30;

/**
 * The work of the threads as the product does it (`heavy-thread.ts`), done by whoever asks, because a thread would answer
 * when it likes and no run would be repeatable. The answer comes after some virtual time, and now and then none does.
 */
export function slowWork(process: SimProcess, world: SimContext): HeavyWork {
  const { random, count } = world;
  let hasFoldFailed = false;
  const later = <T>(work: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      process.timers.after(random.next() * LONGEST_MS, () => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
    });
  const task = <T>(name: string, work: () => T): Promise<T> =>
    later(() => {
      if (!random.chance(world.faults.workFailed)) return work();
      count(`work failed: ${name}`);
      throw new HeavyWorkFailed(`${name} was given up`);
    });
  return {
    fold: (state, updates) =>
      later(() => {
        // Three failures in a row would set the document aside, as they should.
        hasFoldFailed = !hasFoldFailed && random.chance(world.faults.workFailed);
        if (!hasFoldFailed) return foldUpdates(state, updates);
        count('work failed: fold');
        throw new FoldFailed('the fold was given up');
      }),
    diff: (update, stateVector) => task('diff', () => diffUpdate(update, stateVector)),
    mergeMany: (updates) => task('merge', () => mergeMany([...updates])),
    stateVectorOf: (update) => task('state vector', () => stateVectorOf(update)),
    deletedRanges: (update) =>
      task('deletes', () => {
        const ranges: DeletedRanges = new Map();
        addDeletes(ranges, checkUpdate(update, TRUSTED_UPDATE_LIMITS).deleteSet);
        return ranges;
      }),
    check: (update) => task('check', () => void checkUpdate(update)),
    jsonOf: (update) => task('json', () => new TextEncoder().encode(renderJson(update))),
    textOf: (update, root) => task('text', () => new TextEncoder().encode(renderText(update, root))),
    close: async () => {},
  };
}
