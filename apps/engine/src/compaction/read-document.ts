import type { UpdateLog } from '../log/update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import type { SnapshotStore } from '../snapshots/snapshot-store.ts';
import type { Folder } from './folder.ts';
import { readBacklog } from './read-backlog.ts';

export type ReadDocumentParts = {
  readonly log: Pick<UpdateLog, 'read'>;
  readonly snapshots: SnapshotStore;
  readonly folder: Folder;
};

/** A document that was never written. */
const EMPTY_UPDATE = Uint8Array.of(0, 0);

/** Snapshot and log together are larger than was asked for; `message` names the sizes. */
export class DocumentTooLarge extends Error {
  override readonly name = 'DocumentTooLarge';
}

/** The document cannot be read as a whole, although its parts may; `message` says why. */
export class DocumentUnreadable extends Error {
  override readonly name = 'DocumentUnreadable';
}

/**
 * The whole document as one Yjs v1 update: the newest snapshot and everything durable behind it, so that it holds what
 * was acknowledged before this was called. What cannot be read of the log is left out (LOG9). Nothing is stored.
 *
 * Throws {@link DocumentTooLarge} above `maxBytes`, {@link DocumentUnreadable}, `FoldFailed`, or the error of the store
 * that did not answer.
 */
export async function readDocument(
  { log, snapshots, folder }: ReadDocumentParts,
  docId: DocId,
  maxBytes: number,
): Promise<Uint8Array> {
  const backlog = await readBacklog({ log, snapshots }, docId, maxBytes);
  // A log that left the store was folded as a whole (SNAP7).
  const snapshot = backlog ? backlog.snapshot : await snapshots.load(docId);
  const state = snapshot?.state ?? null;
  const bytes = (state?.length ?? 0) + (backlog?.bytes ?? 0);
  if (bytes > maxBytes || backlog?.more) {
    throw new DocumentTooLarge(
      `the document has ${bytes} bytes or more, ${maxBytes} are served in one piece`,
    );
  }
  if (!backlog || backlog.entries.length === 0) return state ?? EMPTY_UPDATE;
  const folded = await folder.fold(
    state,
    backlog.entries.map(({ update }) => update),
  );
  if (folded.kind === 'unreadable') throw new DocumentUnreadable(folded.reason);
  return folded.state;
}
