import type { Database } from '@kryton/engine/database/schema.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { Kysely } from 'kysely';
import type { AuditEvent, AuditLog } from './audit-log.ts';

/** About 5 MB. Above it events are dropped and counted: who causes them must not fill our memory. */
const MAX_WAITING = 10_000;
const BATCH = 500;
/** Several events of one action travel together. */
const WRITE_AFTER_MS = 100;
const RETRY_AFTER_MS = 2_000;
const MAX_CHARS = 200;
/** A whole year can be looked back on, at any day of it. */
const KEEP_MS = 400 * 86_400_000;
const CLEAN_EVERY_MS = 3_600_000;
/** Of one deletion, so that it holds its locks for a moment only. */
const CLEAN_BATCH = 1_000;
/** SQLSTATE classes of what is wrong with a row, not with the database. */
const BAD_ROW = /^2[23]/;

type Logger = { warn(details: object, message: string): void };

export type AuditTrailParts = {
  readonly db: Kysely<Database>;
  /** The node's name. */
  readonly node: string;
  readonly logger: Logger;
  readonly timers: Timers;
  /** ms since 1970. */
  readonly wallClock: () => number;
  readonly keepMs?: number;
};

type Row = {
  readonly at: Date;
  readonly kind: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly doc_id: string | null;
  readonly address: string | null;
  readonly node: string;
  readonly details: string;
};

/** What is read of the trail: the newest before `before`, of one kind or one document where that is asked. */
export type AuditQuery = {
  readonly kind?: string | undefined;
  readonly docId?: string | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
};

export type RecordedEvent = {
  readonly id: number;
  readonly at: Date;
  readonly kind: string;
  readonly actor: string | null;
  readonly subject: string | null;
  readonly docId: string | null;
  readonly address: string | null;
  readonly node: string;
  readonly details: Record<string, unknown>;
};

/**
 * The audit log in SQL. Events wait in memory for a moment and are written together; while the database is away they
 * wait longer, and what does not fit any more is counted and told. Nobody ever waits for it.
 */
export class AuditTrail implements AuditLog {
  readonly #parts: AuditTrailParts;
  readonly #keepMs: number;
  #waiting: Row[] = [];
  #dropped = 0;
  #writing: Promise<void> | null = null;
  #isAway = false;
  #isStopped = false;
  #cancelWrite: (() => void) | null = null;
  #cancelClean = () => {};

  constructor(parts: AuditTrailParts) {
    this.#parts = parts;
    this.#keepMs = parts.keepMs ?? KEEP_MS;
    this.#cleanLater();
  }

  record(event: AuditEvent): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(this.#rowOf(event));
    this.#writeLater(WRITE_AFTER_MS);
  }

  /** Resolves when everything that was recorded is written, or the database does not take it. Never rejects. */
  async flush(): Promise<void> {
    this.#isAway = false;
    while (this.#waiting.length > 0 && !this.#isAway) await this.#write();
    await this.#writing;
  }

  /** Writes what waits; what is recorded afterwards is lost. Never rejects. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelClean();
    this.#cancelWrite?.();
    await this.flush();
    this.#tellDropped(this.#waiting.length);
  }

  /** The newest first. */
  async read({ kind, docId, before, limit }: AuditQuery): Promise<RecordedEvent[]> {
    let query = this.#parts.db.selectFrom('audit_events').selectAll().orderBy('id', 'desc').limit(limit);
    if (kind !== undefined) query = query.where('kind', '=', kind);
    if (docId !== undefined) query = query.where('doc_id', '=', docId);
    if (before !== undefined) query = query.where('id', '<', before);
    const rows = await query.execute();
    return rows.map(({ doc_id, ...row }) => ({ ...row, docId: doc_id }));
  }

  /** Removes some of what is older than it is kept. */
  async clean(): Promise<void> {
    const { db, wallClock } = this.#parts;
    const oldest = db.selectFrom('audit_events').select('id').orderBy('id').limit(CLEAN_BATCH);
    await db
      .deleteFrom('audit_events')
      .where('id', 'in', oldest)
      .where('at', '<', new Date(wallClock() - this.#keepMs))
      .execute();
  }

  #writeLater(afterMs: number): void {
    if (this.#cancelWrite !== null || this.#isStopped) return;
    this.#cancelWrite = this.#parts.timers.after(afterMs, () => {
      this.#cancelWrite = null;
      void this.#write().then(() => {
        if (this.#waiting.length > 0) this.#writeLater(this.#isAway ? RETRY_AFTER_MS : WRITE_AFTER_MS);
      });
    });
  }

  /** One batch, and never two at a time. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeBatch().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<void> {
    const batch = this.#waiting.slice(0, BATCH);
    if (batch.length === 0) return;
    try {
      await this.#insert(batch);
      this.#waiting = this.#waiting.slice(batch.length);
      this.#isAway = false;
      this.#tellDropped(0);
    } catch (error) {
      this.#isAway = true;
      this.#parts.logger.warn(
        { err: error, waiting: this.#waiting.length },
        'audit events wait to be written',
      );
    }
  }

  async #insert(rows: readonly Row[]): Promise<void> {
    try {
      await this.#parts.db.insertInto('audit_events').values(rows).execute();
    } catch (error) {
      if (!isBadRow(error)) throw error;
      if (rows.length === 1) {
        this.#dropped++;
        return;
      }
      // One of them is not accepted: the others must not wait for ever behind it.
      for (const row of rows) await this.#insert([row]);
    }
  }

  #tellDropped(more: number): void {
    const dropped = this.#dropped + more;
    this.#dropped = 0;
    if (dropped > 0) this.#parts.logger.warn({ dropped }, 'audit events were lost');
  }

  #cleanLater(): void {
    const { timers, logger } = this.#parts;
    this.#cancelClean = timers.after(CLEAN_EVERY_MS, () => {
      this.clean()
        .catch((error: unknown) => logger.warn({ err: error }, 'old audit events could not be removed'))
        .finally(() => {
          if (!this.#isStopped) this.#cleanLater();
        });
    });
  }

  #rowOf({ kind, actor, subject, docId, address, details = {} }: AuditEvent): Row {
    const shown = Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? storable(value) : value,
    ]);
    return {
      at: new Date(this.#parts.wallClock()),
      kind,
      actor: actor === undefined ? null : storable(actor),
      subject: subject === undefined ? null : storable(subject),
      doc_id: docId === undefined ? null : storable(docId),
      address: address === undefined ? null : storable(address),
      node: this.#parts.node,
      details: JSON.stringify(Object.fromEntries(shown)),
    };
  }
}

/** Bounded, and without what PostgreSQL cannot store: NUL, halves of surrogate pairs. */
function storable(text: string): string {
  return text.slice(0, MAX_CHARS).replaceAll('\0', '').toWellFormed();
}

function isBadRow(error: unknown): boolean {
  return error instanceof Error && 'code' in error && BAD_ROW.test(String(error.code));
}
