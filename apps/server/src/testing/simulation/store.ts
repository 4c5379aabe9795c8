import { comparePositions, type Position } from '@kryton/engine/log/position.ts';
import type { AppendResult, LogEntry, LogHead } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Snapshot } from '@kryton/engine/snapshots/snapshot-store.ts';

export type StoreCopy = ReadonlyMap<DocId, Log>;

type Log = { run: number; last: Position; covered: Position | null; entries: LogEntry[] };

/** Told of everything that is published: an entry, or an epoch that began (without bytes). */
export type Publish = (docId: DocId, position: Position, update: Uint8Array | null) => void;

/**
 * What Redis and PostgreSQL hold, with the semantics of the scripts in engine/log/lua and of the snapshot table. Every
 * method is one atomic step; what goes wrong around it is the business of the lines that lead here.
 */
export class SimStore {
  readonly #nowMs: () => number;
  readonly #publish: Publish;
  #logs = new Map<DocId, Log>();
  readonly #snapshots = new Map<DocId, Snapshot>();
  /** When, by the clock of the store. */
  readonly #deleted = new Map<DocId, number>();
  /** Counts the starts of Redis. */
  #run = 1;

  constructor(nowMs: () => number, publish: Publish) {
    this.#nowMs = nowMs;
    this.#publish = publish;
  }

  get run(): number {
    return this.#run;
  }

  open(docId: DocId, after: Position): LogHead {
    const log = this.#logs.get(docId);
    if (log && log.run === this.#run && comparePositions(log.last, after) >= 0) return headOf(log);
    const epoch = Math.max(Math.floor(this.#nowMs()), after.epoch + 1, (log?.last.epoch ?? 0) + 1);
    const opened: Log = {
      run: this.#run,
      last: { epoch, seq: 0 },
      covered: log?.covered ?? null,
      entries: log?.entries ?? [],
    };
    this.#logs.set(docId, opened);
    this.#publish(docId, opened.last, null);
    return headOf(opened);
  }

  append(docId: DocId, known: Position, update: Uint8Array): AppendResult {
    const log = this.#logs.get(docId);
    const isKnown =
      log && log.run === this.#run && log.last.epoch === known.epoch && log.last.seq >= known.seq;
    if (!isKnown) return { kind: 'lost' };
    const position = { epoch: known.epoch, seq: log.last.seq + 1 };
    log.last = position;
    log.entries.push({ position, update: Uint8Array.from(update), atMs: Math.floor(this.#nowMs()) });
    this.#publish(docId, position, update);
    return { kind: 'appended', position };
  }

  /** Entries after `after`, of whichever epoch, at most `limit`. */
  range(docId: DocId, after: Position, limit: number): LogEntry[] {
    const entries = this.#logs.get(docId)?.entries ?? [];
    return entries.filter(({ position }) => comparePositions(position, after) > 0).slice(0, limit);
  }

  /** Why what comes after `after` may be incomplete where it does not follow directly; null when it is not. */
  gapAfter(docId: DocId, after: Position): 'missing' | 'behind' | null {
    const log = this.#logs.get(docId);
    if (!log || comparePositions(log.last, after) < 0) return 'missing';
    return log.covered && comparePositions(log.covered, after) > 0 ? 'behind' : null;
  }

  head(docId: DocId): LogHead | null {
    const log = this.#logs.get(docId);
    return log ? headOf(log) : null;
  }

  trim(docId: DocId, covered: Position, keepMs: number): number {
    const log = this.#logs.get(docId);
    if (!log) return 0;
    if (!log.covered || comparePositions(covered, log.covered) > 0) log.covered = covered;
    const end = log.covered;
    const isCovered = ({ position }: LogEntry) => comparePositions(position, end) <= 0;
    const cutoff = this.#nowMs() - keepMs;
    const before = log.entries.length;
    const firstKept = log.entries.findIndex((entry) => !isCovered(entry) || entry.atMs > cutoff);
    log.entries = firstKept === -1 ? [] : log.entries.slice(firstKept);
    return before - log.entries.length;
  }

  documents(): DocId[] {
    return [...this.#logs.keys()];
  }

  load(docId: DocId): Snapshot | null {
    return this.#snapshots.get(docId) ?? null;
  }

  commit(docId: DocId, snapshot: Snapshot): boolean {
    const stored = this.#snapshots.get(docId);
    if (this.isDeleted(docId)) return false;
    if (stored && comparePositions(snapshot.position, stored.position) <= 0) return false;
    const { position, state, stateVector } = snapshot;
    this.#snapshots.set(docId, {
      position,
      state: Uint8Array.from(state),
      stateVector: Uint8Array.from(stateVector),
    });
    return true;
  }

  isDeleted(docId: DocId): boolean {
    return this.#deleted.has(docId);
  }

  /** Writes down that the document was deleted so many ms ago. */
  setDeleted(docId: DocId, agoMs: number): void {
    this.#deleted.set(docId, this.#nowMs() - agoMs);
  }

  remainsOfDeleted(withinMs: number): DocId[] {
    const since = this.#nowMs() - withinMs;
    return [...this.#deleted].flatMap(([docId, at]) =>
      at > since && this.#snapshots.has(docId) ? docId : [],
    );
  }

  /** As if the document had never been folded. */
  forgetSnapshot(docId: DocId): void {
    this.#snapshots.delete(docId);
  }

  /** All of Redis is empty, or just one log, and it knows nothing of it. */
  wipe(docId?: DocId): void {
    if (docId === undefined) this.#logs.clear();
    else this.#logs.delete(docId);
  }

  /** Loses the last `count` entries of a log, as far as they are of its epoch; the result is how many. */
  rewind(docId: DocId, count: number): number {
    const log = this.#logs.get(docId);
    if (!log) return 0;
    const ofEpoch = log.entries.filter(({ position }) => position.epoch === log.last.epoch).length;
    const lost = Math.min(count, ofEpoch);
    log.entries.length -= lost;
    log.last = { epoch: log.last.epoch, seq: log.last.seq - lost };
    return lost;
  }

  /** What the disk of Redis holds at this moment. */
  copy(): StoreCopy {
    return new Map([...this.#logs].map(([docId, log]) => [docId, { ...log, entries: [...log.entries] }]));
  }

  /** Redis is started from what the disk held earlier. */
  fallBack(copy: StoreCopy): void {
    this.#logs = new Map([...copy].map(([docId, log]) => [docId, { ...log, entries: [...log.entries] }]));
    this.restart();
  }

  /** Redis was restarted: no epoch of before goes on. */
  restart(): void {
    this.#run++;
  }

  /** SNAP7: logs that are covered to their end leave, as idle ones do after ten minutes. */
  expire(): number {
    let expired = 0;
    for (const [docId, { last, covered }] of this.#logs) {
      if (!covered || comparePositions(covered, last) < 0) continue;
      this.#logs.delete(docId);
      expired++;
    }
    return expired;
  }
}

function headOf({ last, covered, entries }: Log): LogHead {
  return { last, covered, isEmpty: entries.length === 0 };
}
