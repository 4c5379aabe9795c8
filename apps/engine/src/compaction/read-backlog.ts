import { comparePositions, followInRow, ORIGIN, type Position } from '../log/position.ts';
import type { LogEntry, UpdateLog } from '../log/update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import type { Snapshot, SnapshotStore } from '../snapshots/snapshot-store.ts';
import { FoldFailed } from './folder.ts';

/** The stored snapshot and the log entries behind it. */
export type Backlog = {
  readonly snapshot: Snapshot | null;
  readonly entries: readonly LogEntry[];
  /** Of the updates. */
  readonly bytes: number;
  /** Where the snapshot and these entries reach. */
  readonly end: Position;
  /** Whether entries remain because `maxBytes` was reached. */
  readonly more: boolean;
};

/** Another fold may commit and trim while we read; it does not do so five times in a row. */
const MAX_TRIES = 5;
/** What an entry costs beside its bytes: three objects of V8 and a share of a Buffer. */
const ENTRY_OVERHEAD_BYTES = 200;
/** One answer of the log, about; larger ones hold up the event loop while they are parsed. */
const PAGE_BYTES = 2 * 1024 * 1024;
const FIRST_PAGE = 500;
const SMALLEST_PAGE = 8;
const LARGEST_PAGE = 8_000;

/**
 * Loads the newest snapshot and everything the log has after it, up to about `maxBytes`. Null where there is no log that
 * reaches the snapshot: it was lost or has left the store, and there is nothing to fold.
 *
 * Throws {@link FoldFailed} when the log was trimmed beyond the newest snapshot, which only a store does that fell back
 * to an older copy of itself.
 */
export async function readBacklog(
  {
    log,
    snapshots,
  }: { readonly log: Pick<UpdateLog, 'read'>; readonly snapshots: Pick<SnapshotStore, 'load' | 'position'> },
  docId: DocId,
  maxBytes: number,
): Promise<Backlog | null> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const snapshot = await snapshots.load(docId);
    const backlog = await readAfter(log, docId, snapshot, maxBytes);
    if (backlog === 'trimmed') continue;
    if (backlog === null || (await isWhole(snapshots, docId, backlog))) return backlog;
  }
  throw new FoldFailed(
    `the log of ${docId} was trimmed beyond its newest snapshot: restore the snapshot table, or accept what is left`,
  );
}

/**
 * Whether nothing is missing between the snapshot and the entries. While we stood still behind the snapshot, the log may
 * have been folded, have left the store and begun anew (SNAP7): its entries then belong to a snapshot that we have not
 * read, and committing them without it would lose the document. Those that follow in a row cannot be such.
 */
async function isWhole(
  snapshots: Pick<SnapshotStore, 'position'>,
  docId: DocId,
  { snapshot, entries }: Backlog,
): Promise<boolean> {
  const start = snapshot?.position ?? ORIGIN;
  if (entries.length > 0 && followInRow(entries, start)) return true;
  const newest = (await snapshots.position(docId)) ?? ORIGIN;
  return comparePositions(newest, start) <= 0;
}

async function readAfter(
  log: Pick<UpdateLog, 'read'>,
  docId: DocId,
  snapshot: Snapshot | null,
  maxBytes: number,
): Promise<Backlog | null | 'trimmed'> {
  const entries: LogEntry[] = [];
  let bytes = 0;
  let end = snapshot?.position ?? ORIGIN;
  let limit = FIRST_PAGE;
  for (;;) {
    const page = await log.read(docId, end, limit);
    if (page.kind === 'behind') return 'trimmed';
    if (page.kind === 'missing') return entries.length === 0 ? null : 'trimmed';
    let pageBytes = 0;
    for (const entry of page.entries) {
      entries.push(entry);
      pageBytes += entry.update.length;
      end = entry.position;
    }
    bytes += pageBytes;
    const more = page.more && page.entries.length > 0;
    if (!more || bytes + entries.length * ENTRY_OVERHEAD_BYTES >= maxBytes) {
      return { snapshot, entries, bytes, end, more };
    }
    limit = nextLimit(pageBytes / page.entries.length);
  }
}

/** Entries are alike within a document: as many as make a page by the size of those just read. */
function nextLimit(bytesPerEntry: number): number {
  const fitting = Math.floor(PAGE_BYTES / (bytesPerEntry + ENTRY_OVERHEAD_BYTES));
  return Math.min(Math.max(fitting, SMALLEST_PAGE), LARGEST_PAGE);
}
