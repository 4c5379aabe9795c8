import type { UpdateLog } from '../log/update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import type { SnapshotStore } from '../snapshots/snapshot-store.ts';
import type { Quarantine } from './quarantine.ts';

export type DeletionParts = {
  readonly log: Pick<UpdateLog, 'remove'>;
  readonly snapshots: Pick<SnapshotStore, 'isDeleted' | 'remove'>;
  readonly quarantine: Pick<Quarantine, 'removeAll'>;
};

/**
 * Removes everything that the engine holds of a document: its log, its snapshot, and what was set aside. Its row in
 * `documents` has to say that it is deleted before this is called: from then on no fold commits a snapshot, so what is
 * removed stays away. Grants and links are the caller's.
 *
 * It may be called again and again, and end at any line. What is left then, and what a node that still had the document
 * open appends later, is removed by the next call: every fold job of a deleted document is one, and the worker's sweep
 * asks for those that are missing.
 *
 * Throws an Error when the document is not marked as deleted, and rejects with the error of the store that did not
 * answer.
 */
export async function deleteDocument(docId: DocId, parts: DeletionParts): Promise<void> {
  const { log, snapshots, quarantine } = parts;
  if (!(await snapshots.isDeleted(docId))) {
    throw new Error(`${docId} is not marked as deleted: set deleted_at of its row in documents first`);
  }
  // The log first: a node that reads the document once more finds a snapshot without a log, as after ten idle minutes,
  // and not a log whose beginning is gone.
  await log.remove(docId);
  await snapshots.remove(docId);
  await quarantine.removeAll(docId);
}
