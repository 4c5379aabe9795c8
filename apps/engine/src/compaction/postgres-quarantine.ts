import { type Kysely, sql } from 'kysely';
import type { Database } from '../database/schema.ts';
import { deadline } from '../lifecycle/deadline.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import {
  type Quarantine,
  type QuarantineCount,
  type QuarantinedItem,
  QuarantineUnavailable,
  type SetAside,
} from './quarantine.ts';

/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;

/** Quarantine in PostgreSQL, or in the embedded database, which is served as one. */
export class PostgresQuarantine implements Quarantine {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  async setAside(item: SetAside): Promise<void> {
    const { kind, docId, reason } = item;
    const { epoch, seq } = item.position;
    const bytes = kind === 'entry' ? asBuffer(item.bytes) : null;
    // A document is set aside once, wherever its snapshot stands.
    const same = kind === 'entry' ? sql`epoch = ${epoch} AND seq = ${seq}` : sql`TRUE`;
    await this.#guard('setting something aside', () =>
      sql`
        INSERT INTO quarantine (doc_id, epoch, seq, kind, reason, bytes)
        SELECT ${docId}::text, ${epoch}::bigint, ${seq}::bigint, ${kind}::text, ${reason}::text, ${bytes}::bytea
        WHERE NOT EXISTS (SELECT 1 FROM quarantine WHERE doc_id = ${docId} AND kind = ${kind} AND ${same})
      `.execute(this.#database),
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

  async list(limit: number): Promise<QuarantinedItem[]> {
    const rows = await this.#guard('listing', () =>
      this.#database
        .selectFrom('quarantine')
        .select(['doc_id', 'epoch', 'seq', 'kind', 'reason', 'created_at'])
        .select(sql<number>`coalesce(length(bytes), 0)`.as('size'))
        .orderBy('id', 'desc')
        .limit(limit)
        .execute(),
    );
    return rows.flatMap(({ doc_id, epoch, seq, kind, reason, created_at: at, size: sizeBytes }) => {
      const docId = parseDocId(doc_id);
      if (docId === null) return [];
      const position = { epoch, seq: seq ?? 0 };
      return [{ kind: kind === 'entry' ? 'entry' : 'document', docId, position, reason, sizeBytes, at }];
    });
  }

  async count(): Promise<QuarantineCount> {
    const rows = await this.#guard('counting', () =>
      this.#database
        .selectFrom('quarantine')
        .select(['kind', sql<number>`count(*)::int`.as('items')])
        .groupBy('kind')
        .execute(),
    );
    const of = (wanted: string) => rows.find(({ kind }) => kind === wanted)?.items ?? 0;
    return { documents: of('document'), entries: of('entry') };
  }

  async release(docId: DocId): Promise<boolean> {
    const result = await this.#guard('releasing a document', () =>
      this.#database
        .deleteFrom('quarantine')
        .where('doc_id', '=', docId)
        .where('kind', '=', 'document')
        .executeTakeFirst(),
    );
    return result.numDeletedRows > 0n;
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
