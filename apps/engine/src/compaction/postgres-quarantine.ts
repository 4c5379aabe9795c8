import { type Kysely, sql } from 'kysely';
import { deletedWithin } from '../database/deleted-documents.ts';
import type { Database } from '../database/schema.ts';
import { deadline } from '../lifecycle/deadline.ts';
import type { Position } from '../log/position.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import {
  type Quarantine,
  type QuarantineCount,
  type QuarantinedItem,
  type QuarantinedItemWithBytes,
  type QuarantineQuery,
  QuarantineUnavailable,
  type SetAside,
} from './quarantine.ts';
import { itemOf, ROW_COLUMNS } from './quarantine-row.ts';

/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;

/** Quarantine in PostgreSQL, or in the embedded database, which is served as one. */
export class PostgresQuarantine implements Quarantine {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async setAside(item: SetAside): Promise<void> {
    const { kind, docId, reason, position } = item;
    const bytes = kind === 'entry' ? asBuffer(item.bytes) : null;
    await this.#guard('setting something aside', () =>
      this.#database
        .insertInto('quarantine')
        .values({ doc_id: docId, ...position, kind, reason, bytes })
        // Unique indexes say what is the same: an entry by its position, a document wherever its snapshot stands.
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
  }

  async isSetAside(docId: DocId): Promise<boolean> {
    const row = await this.#guard('asking for a document', () =>
      this.#database
        .selectFrom('quarantine')
        .select('id')
        .where('doc_id', '=', docId)
        .where('kind', '=', 'document')
        .executeTakeFirst(),
    );
    return row !== undefined;
  }

  async list({ limit, docId, withReleased = false }: QuarantineQuery): Promise<QuarantinedItem[]> {
    let query = this.#database
      .selectFrom('quarantine')
      .select(ROW_COLUMNS)
      .select(sql<number>`coalesce(octet_length(bytes), 0)`.as('size'))
      .orderBy('id', 'desc')
      .limit(limit);
    if (docId !== undefined) query = query.where('doc_id', '=', docId);
    if (!withReleased) query = query.where('released_at', 'is', null);
    const rows = await this.#guard('listing', () => query.execute());
    return rows.flatMap((row) => itemOf(row) ?? []);
  }

  async find(id: number): Promise<QuarantinedItemWithBytes | null> {
    const row = await this.#guard('reading an item', () =>
      this.#database
        .selectFrom('quarantine')
        .select(ROW_COLUMNS)
        .select(['bytes', sql<number>`coalesce(octet_length(bytes), 0)`.as('size')])
        .where('id', '=', id)
        .executeTakeFirst(),
    );
    const item = row && itemOf(row);
    return item ? { ...item, bytes: row.bytes } : null;
  }

  async count(): Promise<QuarantineCount> {
    const rows = await this.#guard('counting', () =>
      this.#database
        .selectFrom('quarantine')
        .select(['kind', sql<number>`count(*)::int`.as('items')])
        .where('released_at', 'is', null)
        .groupBy('kind')
        .execute(),
    );
    const of = (wanted: string) => rows.find(({ kind }) => kind === wanted)?.items ?? 0;
    return { documents: of('document'), entries: of('entry') };
  }

  async release(docId: DocId): Promise<boolean> {
    // Deleted, not marked: a worker of the previous release, which knows no mark, shall fold it too.
    const result = await this.#guard('releasing a document', () =>
      this.#database
        .deleteFrom('quarantine')
        .where('doc_id', '=', docId)
        .where('kind', '=', 'document')
        .executeTakeFirst(),
    );
    return result.numDeletedRows > 0n;
  }

  async beginRelease(id: number, isRepeated: boolean): Promise<boolean> {
    const unclaimed = sql<boolean>`(release_began_at IS NULL OR ${isRepeated}::boolean)`;
    const result = await this.#guard('beginning a release', () =>
      this.#database
        .updateTable('quarantine')
        .set({ release_began_at: sql`now()` })
        .where('id', '=', id)
        .where('kind', '=', 'entry')
        .where('released_at', 'is', null)
        .where(unclaimed)
        .executeTakeFirst(),
    );
    return result.numUpdatedRows > 0n;
  }

  async endRelease(id: number, { epoch, seq }: Position): Promise<void> {
    await this.#guard('noting a release', () =>
      this.#database
        .updateTable('quarantine')
        .set({ released_at: sql`now()`, released_epoch: epoch, released_seq: seq })
        .where('id', '=', id)
        .execute(),
    );
  }

  async abandonRelease(id: number): Promise<void> {
    await this.#guard('abandoning a release', () =>
      this.#database
        .updateTable('quarantine')
        .set({ release_began_at: null })
        .where('id', '=', id)
        .where('released_at', 'is', null)
        .execute(),
    );
  }

  async discard(id: number): Promise<boolean> {
    const result = await this.#guard('discarding an item', () =>
      this.#database.deleteFrom('quarantine').where('id', '=', id).executeTakeFirst(),
    );
    return result.numDeletedRows > 0n;
  }

  async removeAll(docId: DocId): Promise<void> {
    await this.#guard('removing what is left of a document', () =>
      this.#database.deleteFrom('quarantine').where('doc_id', '=', docId).execute(),
    );
  }

  async remainsOfDeleted(withinMs: number): Promise<DocId[]> {
    const rows = await this.#guard('looking for what is left of deleted documents', () =>
      deletedWithin(this.#database, withinMs)
        .where(({ exists, selectFrom }) =>
          exists(selectFrom('quarantine').select('quarantine.id').whereRef('doc_id', '=', 'documents.id')),
        )
        .execute(),
    );
    return rows.flatMap(({ id }) => parseDocId(id) ?? []);
  }

  async #guard<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await deadline(run(), DEADLINE_MS, what);
    } catch (cause) {
      throw new QuarantineUnavailable(`PostgreSQL failed at the quarantine: ${what}`, { cause });
    }
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
