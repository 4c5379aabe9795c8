import { comparePositions, followInRow, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import { type LogEntry, type LogHead, LogUnavailable } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { decodeStateVector } from '@kryton/engine/protocol/state-vector.ts';
import { checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import { BaseState } from './base-state.ts';
import type { RoomPorts } from './room-ports.ts';

const PAGE = 1_000;
/** A fold may commit and trim while we read; it does not do so five times in a row. */
const MAX_TRIES = 5;
/** A longer tail is merged into the state in a thread (ROOM5). */
export const MAX_TAIL_BYTES = 256 * 1024;
export const MAX_TAIL_ENTRIES = 2_000;

export type LoadedBase = {
  readonly base: BaseState;
  /** Whether anybody else may have the document open. */
  readonly hasOthers: boolean;
  /** The span of the load, where tracing is on. */
  readonly span: Traceparent | null;
};

type Loaded = Omit<LoadedBase, 'span'> & { readonly entries: number };

const EMPTY_UPDATE = Uint8Array.of(0, 0);

/**
 * Loads a document: the newest snapshot and every log entry after it (step 8 of the walk). The log is opened for
 * writing first; `notBefore` is the position this node has already seen, or ORIGIN (LOG3). In this order a log that
 * held nothing when it was opened needs no second look: what was in it before is in the snapshot or lost, and what
 * comes after it is announced.
 */
export async function loadBase(ports: RoomPorts, docId: DocId, notBefore: Position): Promise<LoadedBase> {
  ports.metrics.load();
  if (!ports.tracing) return { ...(await load(ports, docId, notBefore)), span: null };
  const span = ports.tracing.start('load', { attributes: { 'kryton.doc': docId } });
  try {
    const { entries, ...loaded } = await load(ports, docId, notBefore);
    const { epoch, seq } = loaded.base.position;
    span.end({
      'kryton.position': `${epoch}-${seq}`,
      'kryton.bytes': loaded.base.bytes,
      'kryton.entries': entries,
    });
    return { ...loaded, span: span.traceparent };
  } catch (error) {
    span.end({}, error);
    throw error;
  }
}

async function load(ports: RoomPorts, docId: DocId, notBefore: Position): Promise<Loaded> {
  let after = notBefore;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const head = await ports.log.open(docId, after);
    const snapshot = await ports.snapshots.load(docId);
    const start = snapshot?.position ?? ORIGIN;
    if (comparePositions(start, head.last) > 0) {
      // The store lost what the snapshot covers, or a fold was quicker than we: the log is opened again from there.
      after = start;
      continue;
    }
    const isNew = head.isEmpty && head.covered === null;
    const entries = isNew ? [] : await readAfter(ports, docId, start);
    if (entries === null || !(isNew || (await isWhole(ports, docId, start, head, entries)))) continue;
    const stateVector = snapshot ? decodeStateVector(snapshot.stateVector) : new Map<number, number>();
    const base = new BaseState(snapshot?.state ?? EMPTY_UPDATE, stateVector, start);
    const loaded = await withTail(ports, docId, base, entries);
    // An epoch that nobody has written to yet has no entry that would carry us into it.
    loaded.skip(head.last);
    return { base: loaded, hasOthers: head.hasOthers, entries: entries.length };
  }
  throw new LogUnavailable(
    `the log of ${docId} does not reach back to its snapshot: it was trimmed for a snapshot that is not there`,
  );
}

/**
 * Whether nothing is missing between the snapshot at `start` and the entries. While we stood still behind the snapshot,
 * the log may have been folded, have left the store and begun anew (SNAP7): what comes after that belongs to a snapshot
 * that we have not read. Entries that follow in a row, or a log that ends where the snapshot does, cannot be such.
 */
async function isWhole(
  { snapshots }: RoomPorts,
  docId: DocId,
  start: Position,
  head: LogHead,
  entries: readonly LogEntry[],
): Promise<boolean> {
  const isInRow = entries.length > 0 ? followInRow(entries, start) : comparePositions(head.last, start) === 0;
  if (isInRow) return true;
  const newest = (await snapshots.position(docId)) ?? ORIGIN;
  return comparePositions(newest, start) <= 0;
}

/** All entries after `start`, or null when the log moved on and the snapshot has to be read again. */
async function readAfter(ports: RoomPorts, docId: DocId, start: Position): Promise<LogEntry[] | null> {
  const entries: LogEntry[] = [];
  let after = start;
  for (;;) {
    const page = await ports.log.read(docId, after, PAGE);
    if (page.kind !== 'entries') return null;
    entries.push(...page.entries);
    const last = page.entries.at(-1);
    if (!page.more || !last) return entries;
    after = last.position;
  }
}

async function withTail(
  ports: RoomPorts,
  docId: DocId,
  base: BaseState,
  entries: LogEntry[],
): Promise<BaseState> {
  const bytes = entries.reduce((sum, { update }) => sum + update.length, 0);
  const last = entries.at(-1);
  if (last && (bytes > MAX_TAIL_BYTES || entries.length > MAX_TAIL_ENTRIES)) {
    const parts = [base.state, ...entries.map(({ update }) => update)].filter(
      (part) => part !== EMPTY_UPDATE,
    );
    const [only] = parts;
    // A document that was imported whole is one entry: there is nothing to merge it with.
    const state = parts.length === 1 && only ? only : await ports.heavy.mergeMany(parts);
    const stateVector = decodeStateVector(await ports.heavy.stateVectorOf(state));
    return new BaseState(state, stateVector, last.position);
  }
  for (const { position, update } of entries) {
    try {
      base.append(position, checkUpdate(update, TRUSTED_UPDATE_LIMITS));
    } catch (error) {
      // LOG9: one broken entry is left out; the document opens without it.
      ports.metrics.setAside();
      ports.logger.error({ docId, position, err: error }, 'a log entry cannot be read and is left out');
      base.skip(position);
    }
  }
  return base;
}
