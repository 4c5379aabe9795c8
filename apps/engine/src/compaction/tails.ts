import type { JobQueue } from '../jobs/job-queue.ts';
import { comparePositions, type Position } from '../log/position.ts';
import type { UpdateLog } from '../log/update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import type { SnapshotStore } from '../snapshots/snapshot-store.ts';

/** Entries that are covered and still in the log (SNAP3), and up to where the log was told so. */
export type Tail = { readonly docId: DocId; readonly covered: Position };

export type TailParts = {
  readonly log: Pick<UpdateLog, 'trim'>;
  readonly snapshots: Pick<SnapshotStore, 'positions'>;
  readonly jobs: Pick<JobQueue, 'scheduleFold'>;
};

/** Documents whose snapshots are asked for together. */
const SLICE = 200;

/**
 * Removes what has grown older than `keepMs`, many documents at a time: a fold of its own for each would cost as much as
 * the one that covered the tail. As there, what is removed is what the stored snapshot holds; where that ends before
 * what the log was told (the database came back from an earlier state), the document is folded again from what is still
 * in the log. Resolves with the number of removed entries; rejects when a store does not answer.
 */
export async function trimTails(
  { log, snapshots, jobs }: TailParts,
  tails: readonly Tail[],
  keepMs: number,
): Promise<number> {
  let removed = 0;
  for (let start = 0; start < tails.length; start += SLICE) {
    const slice = tails.slice(start, start + SLICE);
    const stored = await snapshots.positions(slice.map(({ docId }) => docId));
    const counts = slice.map(async ({ docId, covered }, index) => {
      const position = stored[index];
      if (position && comparePositions(position, covered) >= 0)
        return await log.trim(docId, position, keepMs);
      await jobs.scheduleFold(docId, 0);
      return 0;
    });
    for (const count of await Promise.all(counts)) removed += count;
  }
  return removed;
}
