import { comparePositions, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import type { LogEntry, LogHead, UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { type CheckedUpdate, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import { UpdateRefused } from '@kryton/engine/protocol/update-refused.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import { Coverage } from './coverage.ts';

const PAGE = 500;
/** A fold may commit and trim while we read; it does not do so five times in a row. */
const MAX_TRIES = 5;

/** Our log is not the one that was read (another epoch, or gone): what it holds has to be looked at anew. */
export class LogRestarted extends Error {
  override readonly name = 'LogRestarted';
}

type Stores = {
  readonly log: Pick<UpdateLog, 'open' | 'append' | 'read' | 'heads'>;
  readonly snapshots: Pick<SnapshotStore, 'load'>;
};

/** One document on our side: how far snapshot and log were read, and what they are known to hold. */
export class OurDocument {
  readonly docId: DocId;
  readonly #stores: Stores;
  #coverage = new Coverage();
  #position: Position = ORIGIN;
  #beginsWithSnapshot = true;
  /** Whether the store had no log when it was last looked at: a new document, or one that is folded and idle. */
  #logIsMissing = true;
  /** Where a log ends that does not reach its snapshot; whoever opens it next begins a new epoch. */
  #brokenEnd: Position = ORIGIN;
  #isOpen = false;

  constructor(stores: Stores, docId: DocId) {
    this.#stores = stores;
    this.docId = docId;
  }

  get coverage(): Coverage {
    return this.#coverage;
  }

  get position(): Position {
    return this.#position;
  }

  /** Whether `head`, as the store tells it, shows something that was not read. */
  differsFrom(head: LogHead | null): boolean {
    if (head === null) return !this.#logIsMissing;
    return [this.#position, this.#brokenEnd].every((known) => comparePositions(head.last, known) !== 0);
  }

  /** Snapshot and log will be read from the start again; what they held is still known. */
  rewind(): void {
    this.#position = ORIGIN;
    this.#beginsWithSnapshot = true;
  }

  /** Learns anew what snapshot and log hold. */
  async load(): Promise<void> {
    this.#coverage = new Coverage();
    this.#isOpen = false;
    this.rewind();
    for await (const _ of this.#read(true));
  }

  /**
   * What the log (after {@link rewind} the snapshot first) holds behind the position. A batch counts as taken when the
   * next one is asked for. Throws {@link LogRestarted} when `load` has to be called first.
   */
  news(): AsyncGenerator<readonly CheckedUpdate[]> {
    return this.#read(false);
  }

  /**
   * Makes `update` durable, which `parts` say the content of. A rejection with the log's own error means "unknown": the
   * same bytes may be appended again. Throws {@link LogRestarted} when `load` has to be called first.
   */
  async append(update: Uint8Array, parts: readonly CheckedUpdate[]): Promise<void> {
    const { log } = this.#stores;
    if (!this.#isOpen) await this.#open();
    const result = await log.append(this.docId, this.#position, update);
    if (result.kind === 'lost') {
      this.#isOpen = false;
      throw new LogRestarted(`the log of ${this.docId} was lost`);
    }
    this.#logIsMissing = false;
    for (const part of parts) this.#coverage.add(part);
    const { epoch, seq } = result.position;
    // Otherwise others have appended before it, and it is passed over when the log is read.
    if (epoch === this.#position.epoch && seq === this.#position.seq + 1) this.#position = result.position;
  }

  async #open(): Promise<void> {
    const { last, isEmpty } = await this.#stores.log.open(this.docId, this.#position);
    if (last.epoch !== this.#position.epoch) {
      if (!this.#logIsMissing || !isEmpty) throw new LogRestarted(`the log of ${this.docId} began anew`);
      this.#position = last;
    }
    this.#isOpen = true;
  }

  async *#read(isLoading: boolean): AsyncGenerator<readonly CheckedUpdate[]> {
    let tries = 0;
    for (;;) {
      if (this.#beginsWithSnapshot) yield* this.#readSnapshot();
      const [head = null] = await this.#stores.log.heads([this.docId]);
      if (head === null) {
        if (!isLoading && !this.#logIsMissing) throw new LogRestarted(`the log of ${this.docId} is gone`);
        this.#logIsMissing = true;
        return;
      }
      const { epoch } = this.#position;
      if (!isLoading && epoch !== ORIGIN.epoch && head.last.epoch !== epoch) {
        throw new LogRestarted(`the log of ${this.docId} is in another epoch`);
      }
      this.#logIsMissing = false;
      const page = await this.#stores.log.read(this.docId, this.#position, PAGE);
      if (page.kind === 'behind') {
        if (++tries === MAX_TRIES) {
          throw new Error(`the log of ${this.docId} does not reach back to its snapshot`);
        }
        this.#beginsWithSnapshot = true;
        continue;
      }
      if (page.kind === 'missing') {
        if (!isLoading) throw new LogRestarted(`the log of ${this.docId} lost its end`);
        // What the snapshot holds is all there is.
        this.#brokenEnd = head.last;
        return;
      }
      const last = page.entries.at(-1)?.position;
      if (last) {
        yield this.#check(page.entries);
        // Our own appends may have carried the position further meanwhile.
        if (comparePositions(last, this.#position) > 0) this.#position = last;
      }
      if (page.more) continue;
      // An epoch that nobody has written to yet has no entry that would carry us into it.
      if (head.last.seq === 0 && comparePositions(head.last, this.#position) > 0) this.#position = head.last;
      return;
    }
  }

  async *#readSnapshot(): AsyncGenerator<readonly CheckedUpdate[]> {
    const snapshot = await this.#stores.snapshots.load(this.docId);
    if (snapshot) {
      const checked = checkUpdate(snapshot.state, TRUSTED_UPDATE_LIMITS);
      this.#coverage.add(checked);
      yield [checked];
      if (comparePositions(snapshot.position, this.#position) > 0) this.#position = snapshot.position;
    }
    this.#beginsWithSnapshot = false;
  }

  /** Entries that cannot be read are passed over: whoever folds sets them aside (LOG9). */
  #check(entries: readonly LogEntry[]): CheckedUpdate[] {
    const updates: CheckedUpdate[] = [];
    for (const { update } of entries) {
      try {
        const checked = checkUpdate(update, TRUSTED_UPDATE_LIMITS);
        this.#coverage.add(checked);
        updates.push(checked);
      } catch (error) {
        if (!(error instanceof UpdateRefused)) throw error;
      }
    }
    return updates;
  }
}
