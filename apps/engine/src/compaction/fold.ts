import type { FoldVerdict } from '../jobs/job-queue.ts';
import { comparePositions, ORIGIN, type Position } from '../log/position.ts';
import type { LogHead, UpdateLog } from '../log/update-log.ts';
import type { DocId } from '../protocol/ids.ts';
import { mergeMany } from '../protocol/merge-updates.ts';
import type { SnapshotStore } from '../snapshots/snapshot-store.ts';
import { deleteDocument } from './delete-document.ts';
import type { FoldPace } from './fold-pace.ts';
import type { Folder } from './folder.ts';
import type { Quarantine } from './quarantine.ts';
import { type Backlog, readBacklog } from './read-backlog.ts';

export type FoldParts = {
  readonly log: Pick<UpdateLog, 'heads' | 'read' | 'append' | 'trim' | 'remove'>;
  readonly snapshots: Pick<SnapshotStore, 'load' | 'position' | 'commit' | 'isDeleted' | 'remove'>;
  readonly folder: Folder;
  readonly quarantine: Pick<Quarantine, 'isSetAside' | 'setAside' | 'removeAll'>;
  readonly pace: FoldPace;
};

export type FoldOptions = {
  /** SNAP3: covered entries younger than this stay in the log, in ms by the store's clock; a later fold or sweep removes them. */
  readonly keepMs: number;
  /** Log bytes (with what they cost in memory) of one pass; a larger backlog is folded in several. */
  readonly passBytes: number;
  /** Folds at once, however recent the last edit (before an export, in a test). */
  readonly isUrgent: boolean;
};

/** SNAP3. */
export const KEEP_MS = 60_000;

const DEFAULTS: FoldOptions = { keepMs: KEEP_MS, passBytes: 64 * 1024 * 1024, isUrgent: false };

/** Updates that are appended as one: milliseconds to merge them, rarely more than a few hundred KB. */
const TOLD_AT_ONCE = 1_000;

export type FoldReport = {
  readonly verdict: FoldVerdict;
  readonly result: FoldResult;
  /** Log entries folded, and their bytes. */
  readonly entries: number;
  readonly bytes: number;
  /** Of the newest state that was committed; 0 when none was. */
  readonly stateBytes: number;
  /** Entries removed from the log. */
  readonly trimmed: number;
  /** LOG9: what was set aside now. */
  readonly setAside: readonly { readonly position: Position; readonly reason: string }[];
};

/**
 * `folded`: committed. `overtaken`: somebody committed a newer snapshot meanwhile. `waiting`: still being edited.
 * `current`: nothing to fold, at most something to trim. `missing`: no log. `set-aside`: the whole document is.
 * `deleted`: it was, and what was still there of it is removed.
 */
export type FoldResult = 'folded' | 'overtaken' | 'waiting' | 'current' | 'missing' | 'set-aside' | 'deleted';

/**
 * Step 7 of the walk: turns snapshot + log into the next snapshot, commits it, then trims the log.
 *
 * It may be killed at any line and run by several workers at once (SNAP1, SNAP2): until the commit nothing is changed;
 * the commit is refused unless it is newer; and the log loses only what the stored snapshot holds. What cannot be read
 * is set aside before the commit that steps over it (LOG9).
 *
 * Rejects with `FoldFailed`, or with the error of the store that did not answer.
 */
export async function foldDocument(
  parts: FoldParts,
  docId: DocId,
  options: Partial<FoldOptions> = {},
): Promise<FoldReport> {
  const { log, snapshots, folder, quarantine } = parts;
  const { keepMs, passBytes, isUrgent } = { ...DEFAULTS, ...options };
  const report = new Report();
  const [head] = await log.heads([docId]);
  // Before PostgreSQL is asked: a document under continuous editing is looked at every few seconds.
  const waitMs = isUrgent || !head ? 0 : await waitBeforeFold(parts, docId, head);
  if (waitMs > 0) return report.again('waiting', waitMs);
  const [isDeleted, isSetAside] = await Promise.all([
    snapshots.isDeleted(docId),
    quarantine.isSetAside(docId),
  ]);
  if (isDeleted) {
    await deleteDocument(docId, parts);
    return report.done('deleted');
  }
  if (isSetAside) return report.done('set-aside');
  if (!head) return report.done('missing');

  for (;;) {
    const backlog = await readBacklog(parts, docId, passBytes);
    if (!backlog) return report.done('missing');
    // An epoch without entries is covered by what is before it, and its log may leave the store (SNAP7). The snapshot
    // says so itself: were only the log told, whoever reads from the snapshot's position would seem to come too late.
    const isEmptyEpoch = !backlog.more && head.last.seq === 0 && comparePositions(head.last, backlog.end) > 0;
    const position = isEmptyEpoch ? head.last : backlog.end;
    let covered = position;

    if (backlog.entries.length > 0) {
      const updates = backlog.entries.map(({ update }) => update);
      const folded = await folder.fold(backlog.snapshot?.state ?? null, updates);
      if (folded.kind === 'unreadable') {
        await quarantine.setAside({
          kind: 'document',
          docId,
          position: startOf(backlog),
          reason: folded.reason,
        });
        report.setAside.push({ position: startOf(backlog), reason: folded.reason });
        return report.done('set-aside');
      }
      for (const { index, reason } of folded.refused) {
        const entry = backlog.entries[index];
        if (!entry) continue;
        const { update: bytes } = entry;
        await quarantine.setAside({ kind: 'entry', docId, position: entry.position, reason, bytes });
        report.setAside.push({ position: entry.position, reason });
      }

      const { state, stateVector } = folded;
      const isNewest = await snapshots.commit(docId, { position, state, stateVector });
      report.folded(isNewest, backlog, state.length);
      if (isNewest) await tellLaterEpochs(log, docId, position, withoutRefused(updates, folded.refused));
      else covered = (await snapshots.position(docId)) ?? ORIGIN;
    } else if (!backlog.snapshot) {
      // Nobody has ever written anything; such a log expires by itself.
      return report.done('current');
    } else if (isEmptyEpoch && !(await snapshots.commit(docId, { ...backlog.snapshot, position }))) {
      covered = (await snapshots.position(docId)) ?? ORIGIN;
    }
    report.trimmed += await log.trim(docId, covered, keepMs);
    if (!backlog.more) return report.done(report.result);
  }
}

/**
 * How long to wait until the backlog is due, in ms: 0 for one that is, or where there is none. Reads two entries
 * whatever the length of the backlog. What the log knows to be covered may be less than what the stored snapshot
 * covers; then the backlog looks older than it is, and is folded sooner.
 */
async function waitBeforeFold(
  { log, pace }: FoldParts,
  docId: DocId,
  { last, covered }: LogHead,
): Promise<number> {
  const stored = covered ?? ORIGIN;
  if (last.seq === 0 || comparePositions(stored, last) >= 0) return 0;
  const [oldest, newest] = await Promise.all([
    log.read(docId, stored, 1),
    log.read(docId, { epoch: last.epoch, seq: last.seq - 1 }, 1),
  ]);
  const oldestAtMs = oldest.kind === 'entries' ? oldest.entries[0]?.atMs : undefined;
  const newestAtMs = newest.kind === 'entries' ? newest.entries[0]?.atMs : undefined;
  // Trimmed while we looked: somebody else folds, and reading the backlog will tell.
  if (oldestAtMs === undefined || newestAtMs === undefined) return 0;
  return pace.waitMs(oldestAtMs, newestAtMs);
}

/**
 * The log may have lost its end while we folded, and a later epoch have begun on the snapshot before ours (LOG3): whoever
 * opened the document then lacks what is in ours alone. So where there is a later epoch after the commit, what was folded
 * is appended to it; who opens the document from now on loads the committed snapshot.
 */
async function tellLaterEpochs(
  log: Pick<UpdateLog, 'heads' | 'append'>,
  docId: DocId,
  committed: Position,
  updates: readonly Uint8Array[],
): Promise<void> {
  let rest = updates;
  while (rest.length > 0) {
    const [head] = await log.heads([docId]);
    if (!head || head.last.epoch <= committed.epoch) return;
    const next = rest.slice(0, TOLD_AT_ONCE);
    // Where that epoch is lost too, everybody has to load anew.
    const { kind } = await log.append(docId, head.last, mergeMany(next));
    if (kind === 'lost') return;
    rest = rest.slice(next.length);
  }
}

function withoutRefused(
  updates: readonly Uint8Array[],
  refused: readonly { readonly index: number }[],
): readonly Uint8Array[] {
  if (refused.length === 0) return updates;
  const indexes = new Set(refused.map(({ index }) => index));
  return updates.filter((_update, index) => !indexes.has(index));
}

function startOf({ snapshot }: Backlog): Position {
  return snapshot?.position ?? ORIGIN;
}

/** The figures of one run, over all of its passes. */
class Report {
  readonly setAside: { readonly position: Position; readonly reason: string }[] = [];
  result: FoldResult = 'current';
  trimmed = 0;
  #entries = 0;
  #bytes = 0;
  #stateBytes = 0;

  folded(isNewest: boolean, { entries, bytes }: Backlog, stateBytes: number): void {
    this.result = isNewest ? 'folded' : 'overtaken';
    if (!isNewest) return;
    this.#entries += entries.length;
    this.#bytes += bytes;
    this.#stateBytes = stateBytes;
  }

  done(result: FoldResult): FoldReport {
    return this.#with(result, { kind: 'done' });
  }

  again(result: FoldResult, delayMs: number): FoldReport {
    return this.#with(result, { kind: 'again', delayMs });
  }

  #with(result: FoldResult, verdict: FoldVerdict): FoldReport {
    const { setAside, trimmed } = this;
    const figures = { entries: this.#entries, bytes: this.#bytes, stateBytes: this.#stateBytes };
    return { verdict, result, ...figures, trimmed, setAside };
  }
}
