import { type Folder, FoldFailed } from '@kryton/engine/compaction/folder.ts';
import { readBacklog } from '@kryton/engine/compaction/read-backlog.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Snapshot, SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';

/** More is not held in memory of what no snapshot covers; workers fold long before that. */
const BACKLOG_BYTES = 256 * 1024 * 1024;

export type ReadStateParts = {
  readonly log: Pick<UpdateLog, 'read'>;
  readonly snapshots: Pick<SnapshotStore, 'load' | 'position'>;
  readonly folder: Folder;
};

/** `partial` says why it is not the newest state; null where it is. No state where nobody ever wrote. */
export type ReadState = { readonly snapshot: Snapshot | null; readonly partial: string | null };

/**
 * What a newcomer would be served: snapshot and log as one state, without changing either. What is in the log when this
 * is called is in the result. A document that cannot be read as it is gives its newest snapshot.
 *
 * Rejects with the error of the store that did not answer.
 */
export async function readState(parts: ReadStateParts, docId: DocId): Promise<ReadState> {
  const { snapshots, folder } = parts;
  try {
    const backlog = await readBacklog(parts, docId, BACKLOG_BYTES);
    // No log that reaches the snapshot: it is folded, and has left Redis.
    if (!backlog) return { snapshot: await snapshots.load(docId), partial: null };
    if (backlog.entries.length === 0) return { snapshot: backlog.snapshot, partial: null };
    if (backlog.more)
      return {
        snapshot: backlog.snapshot,
        partial: 'its log holds more than a backup reads: is a worker running?',
      };
    const updates = backlog.entries.map(({ update }) => update);
    const folded = await folder.fold(backlog.snapshot?.state ?? null, updates);
    if (folded.kind === 'unreadable') return { snapshot: backlog.snapshot, partial: folded.reason };
    const { state, stateVector, refused } = folded;
    const partial =
      refused.length === 0 ? null : `${refused.length} entries of its log cannot be read: npm run quarantine`;
    return { snapshot: { position: backlog.end, state, stateVector }, partial };
  } catch (error) {
    if (!(error instanceof FoldFailed)) throw error;
    return { snapshot: await snapshots.load(docId), partial: error.message };
  }
}
