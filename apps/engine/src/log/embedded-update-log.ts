import { type Kysely, sql } from 'kysely';
import type { Database } from '../database/schema.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { comparePositions, ORIGIN, type Position } from './position.ts';
import {
  type AppendResult,
  type LogEntry,
  type LogHead,
  type LogListener,
  type LogPage,
  LogUnavailable,
  type OpenedLog,
  type UpdateLog,
} from './update-log.ts';

type Waiting = {
  readonly docId: DocId;
  readonly known: Position;
  readonly update: Uint8Array;
  readonly settle: (result: AppendResult) => void;
  readonly fail: (error: unknown) => void;
};

type Removal = {
  readonly docId: DocId;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
};

/** Entries that one statement writes; what arrives while it runs goes into the next. */
const MAX_BATCH = 500;

/**
 * The log of embedded mode: entries in the embedded database, fan-out inside the process. Appends of all documents
 * that wait for the database at the same time share one statement, so that its cost is paid once (like the group
 * commit of a database). One process owns the data (DATA_DIR is locked), so heads are kept in memory once read.
 */
export class EmbeddedUpdateLog implements UpdateLog {
  readonly #database: Kysely<Database>;
  readonly #now: () => number;
  readonly #listeners = new Map<DocId, Set<LogListener>>();
  readonly #heads = new Map<DocId, LogHead>();
  #waiting: Waiting[] = [];
  #removals: Removal[] = [];
  /** Counts removals: what was read before one may not be remembered after it. */
  #removed = 0;
  #isWriting = false;
  #isClosed = false;

  /** `now` is the store's clock, ms since 1970. */
  constructor(database: Kysely<Database>, now: () => number) {
    this.#database = database;
    this.#now = now;
  }

  async open(docId: DocId, after: Position): Promise<OpenedLog> {
    const head = await this.#openHead(docId, after);
    return { ...head, hasOthers: (this.#listeners.get(docId)?.size ?? 0) > 1 };
  }

  async #openHead(docId: DocId, after: Position): Promise<LogHead> {
    const removed = this.#removed;
    const head = await this.#head(docId);
    if (head && comparePositions(head.last, after) >= 0) return head;
    const epoch = Math.max(this.#now(), after.epoch + 1, (head?.last.epoch ?? 0) + 1);
    const opened: LogHead = { last: { epoch, seq: 0 }, covered: head?.covered ?? null, isEmpty: !head };
    await this.#guard(() =>
      this.#database
        .insertInto('log_heads')
        .values({ doc_id: docId, epoch, last_seq: 0, covered_epoch: null, covered_seq: null })
        .onConflict((conflict) => conflict.column('doc_id').doUpdateSet({ epoch, last_seq: 0 }))
        .execute(),
    );
    this.#remember(docId, opened, removed);
    this.#announce(docId, opened.last, null);
    return opened;
  }

  append(docId: DocId, known: Position, update: Uint8Array): Promise<AppendResult> {
    if (this.#isClosed) return Promise.reject(new LogUnavailable('the log is closed'));
    return new Promise((settle, fail) => {
      this.#waiting.push({ docId, known, update, settle, fail });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async read(docId: DocId, after: Position, limit: number): Promise<LogPage> {
    const head = await this.#head(docId);
    if (!head || comparePositions(head.last, after) < 0) return { kind: 'missing' };
    const rows = await this.#guard(() =>
      this.#database
        .selectFrom('log_entries')
        .select(['epoch', 'seq', 'update', 'at_ms'])
        .where('doc_id', '=', docId)
        .where(({ eb, refTuple, tuple }) => eb(refTuple('epoch', 'seq'), '>', tuple(after.epoch, after.seq)))
        .orderBy('epoch')
        .orderBy('seq')
        .limit(limit)
        .execute(),
    );
    const entries = rows.map(
      (row): LogEntry => ({
        position: { epoch: Number(row.epoch), seq: Number(row.seq) },
        update: row.update,
        atMs: Number(row.at_ms),
      }),
    );
    const first = entries[0]?.position;
    const continues = first?.epoch === after.epoch && first.seq === after.seq + 1;
    // Read again: a trim may have come in between, and it leaves its mark before it removes.
    const covered = this.#heads.get(docId)?.covered;
    if (!continues && covered && comparePositions(covered, after) > 0) return { kind: 'behind' };
    return { kind: 'entries', entries, more: entries.length === limit };
  }

  async heads(docIds: readonly DocId[]): Promise<(LogHead | null)[]> {
    return await Promise.all(docIds.map((docId) => this.#head(docId)));
  }

  async subscribe(docId: DocId, listener: LogListener): Promise<() => Promise<void>> {
    const listeners = this.#listeners.get(docId) ?? new Set();
    this.#listeners.set(docId, listeners.add(listener));
    return async () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(docId) !== listeners) return;
      this.#listeners.delete(docId);
      // Nobody has the document open: its head is read again when somebody does.
      this.#heads.delete(docId);
    };
  }

  async publishPresence(docId: DocId, message: Uint8Array): Promise<void> {
    for (const listener of this.#listeners.get(docId) ?? []) listener.presence(message);
  }

  async trim(docId: DocId, covered: Position, keepMs: number): Promise<number> {
    const removed = this.#removed;
    const head = await this.#head(docId);
    if (!head) return 0;
    const upTo = head.covered && comparePositions(head.covered, covered) > 0 ? head.covered : covered;
    this.#remember(docId, { ...(this.#heads.get(docId) ?? head), covered: upTo }, removed);
    return await this.#guard(async () => {
      await this.#database
        .updateTable('log_heads')
        .set({ covered_epoch: upTo.epoch, covered_seq: upTo.seq })
        .where('doc_id', '=', docId)
        .execute();
      const removed = await this.#database
        .deleteFrom('log_entries')
        .where('doc_id', '=', docId)
        .where(sql<boolean>`(epoch, seq) <= (${upTo.epoch}, ${upTo.seq})`)
        .where('at_ms', '<=', this.#now() - keepMs)
        .executeTakeFirst();
      return Number(removed.numDeletedRows);
    });
  }

  /** In its turn among the batches that are written: an entry must not come between what is removed. */
  remove(docId: DocId): Promise<void> {
    if (this.#isClosed) return Promise.reject(new LogUnavailable('the log is closed'));
    return new Promise((settle, fail) => {
      this.#removals.push({ docId, settle, fail });
      if (!this.#isWriting) void this.#writeAll();
    });
  }

  async *documents(): AsyncIterable<DocId> {
    const rows = await this.#guard(() =>
      this.#database.selectFrom('log_entries').select('doc_id').distinct().execute(),
    );
    for (const { doc_id } of rows) {
      const docId = parseDocId(doc_id);
      if (docId !== null) yield docId;
    }
  }

  async canary(): Promise<number> {
    // Publisher and subscriber are one process: what it can hear is what it says.
    if (this.#isClosed) throw new LogUnavailable('the log is closed');
    return 0;
  }

  async resubscribe(): Promise<void> {}

  onInterruption(): () => void {
    return () => {};
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { fail } of [...this.#waiting, ...this.#removals]) {
      fail(new LogUnavailable('the log is closed'));
    }
    this.#waiting = [];
    this.#removals = [];
    this.#listeners.clear();
  }

  async #head(docId: DocId): Promise<LogHead | null> {
    const known = this.#heads.get(docId);
    if (known) return known;
    const removed = this.#removed;
    const row = await this.#guard(() =>
      this.#database.selectFrom('log_heads').selectAll().where('doc_id', '=', docId).executeTakeFirst(),
    );
    if (!row) return null;
    // Not looked for: saying no costs one empty read.
    const head: LogHead = {
      isEmpty: false,
      last: { epoch: Number(row.epoch), seq: Number(row.last_seq) },
      covered:
        row.covered_epoch === null || row.covered_seq === null
          ? null
          : { epoch: Number(row.covered_epoch), seq: Number(row.covered_seq) },
    };
    // Somebody else may have read or moved it meanwhile.
    const current = this.#heads.get(docId) ?? head;
    this.#remember(docId, current, removed);
    return current;
  }

  /** Keeps a head in memory, unless a log was removed since `removed`: it may have been this one. */
  #remember(docId: DocId, head: LogHead, removed: number): void {
    if (removed === this.#removed) this.#heads.set(docId, head);
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length + this.#removals.length > 0) {
      for (const removal of this.#removals.splice(0)) await this.#removeLog(removal);
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        await this.#write(batch);
      } catch (error) {
        // Whether it was written is unknown: the heads are read again before anything else is appended.
        for (const { docId, fail } of batch) {
          this.#heads.delete(docId);
          fail(error);
        }
      }
    }
    this.#isWriting = false;
  }

  async #removeLog({ docId, settle, fail }: Removal): Promise<void> {
    try {
      await this.#guard(() =>
        sql`
          WITH entries AS (DELETE FROM log_entries WHERE doc_id = ${docId})
          DELETE FROM log_heads WHERE doc_id = ${docId}
        `.execute(this.#database),
      );
      settle();
    } catch (error) {
      fail(error);
    } finally {
      this.#removed++;
      this.#heads.delete(docId);
    }
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const last = new Map<DocId, Position>();
    const accepted: (Waiting & { readonly position: Position })[] = [];
    for (const each of batch) {
      const before = last.get(each.docId) ?? (await this.#head(each.docId))?.last ?? ORIGIN;
      const isKnown = before.epoch === each.known.epoch && before.seq >= each.known.seq && before.epoch > 0;
      if (!isKnown) {
        each.settle({ kind: 'lost' });
        continue;
      }
      const position = { epoch: before.epoch, seq: before.seq + 1 };
      last.set(each.docId, position);
      accepted.push({ ...each, position });
    }
    if (accepted.length === 0) return;
    await this.#guard(() => this.#insert(accepted));
    for (const [docId, position] of last) {
      const covered = this.#heads.get(docId)?.covered ?? null;
      this.#heads.set(docId, { last: position, covered, isEmpty: false });
    }
    for (const { docId, position, update, settle } of accepted) {
      this.#announce(docId, position, update);
      settle({ kind: 'appended', position });
    }
  }

  /** Entries and heads in one statement, so that both are there or neither. */
  async #insert(entries: readonly (Waiting & { readonly position: Position })[]): Promise<void> {
    const docIds = entries.map(({ docId }) => docId);
    const epochs = entries.map(({ position }) => position.epoch);
    const seqs = entries.map(({ position }) => position.seq);
    const updates = entries.map(({ update }) =>
      Buffer.from(update.buffer, update.byteOffset, update.byteLength),
    );
    await sql`
      WITH added AS (
        INSERT INTO log_entries (doc_id, epoch, seq, update, at_ms)
        SELECT doc_id, epoch, seq, update, ${this.#now()}::bigint
        FROM unnest(${docIds}::text[], ${epochs}::bigint[], ${seqs}::bigint[], ${updates}::bytea[])
          AS entry (doc_id, epoch, seq, update)
        RETURNING doc_id, epoch, seq
      )
      UPDATE log_heads SET last_seq = newest.seq
      FROM (SELECT doc_id, max(seq) AS seq FROM added GROUP BY doc_id) AS newest
      WHERE log_heads.doc_id = newest.doc_id
    `.execute(this.#database);
  }

  #announce(docId: DocId, position: Position, update: Uint8Array | null): void {
    for (const listener of this.#listeners.get(docId) ?? []) listener.entry(position, update);
  }

  async #guard<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (error) {
      throw new LogUnavailable('the embedded database does not answer', { cause: error });
    }
  }
}
