import type { Database } from '@kryton/engine/database/schema.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';

/** `owned`: somebody is its owner. `ownerless`: nobody is, so only an admin can give it to somebody. */
export type Claim = 'owned' | 'ownerless' | 'deleted';

/** PostgreSQL did not answer in time or refused; `cause` holds its own error. */
export class DocumentsUnavailable extends Error {
  override readonly name = 'DocumentsUnavailable';
}

/** The documents that are brought over, as rows that say whose they are. */
export class ImportedDocuments {
  readonly #database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.#database = database;
  }

  /** The user with this address, or null when nobody has it. */
  async userOf(email: string): Promise<string | null> {
    const row = await this.#guard('looking for the owner', () =>
      this.#database
        .selectFrom('user')
        .select('id')
        .where(sql`lower(email)`, '=', email.toLowerCase())
        .executeTakeFirst(),
    );
    return row?.id ?? null;
  }

  /**
   * Writes down that the document is there, and that the user `owner` owns it unless somebody does already; with
   * `dryRun` it only looks. A document that was deleted here stays so. May be repeated.
   */
  async claim(docId: DocId, owner: string | null, dryRun: boolean): Promise<Claim> {
    return await this.#guard('writing down whose a document is', async () => {
      const standing = await this.#standing(docId);
      if (standing === 'deleted' || standing === 'owned') return standing;
      if (dryRun) return owner === null ? 'ownerless' : 'owned';
      await this.#database
        .insertInto('documents')
        .values({ id: docId, title: '', created_by: owner === null ? null : `user:${owner}` })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      if (owner !== null) await this.#give(docId, `user:${owner}`);
      return await this.#standing(docId);
    });
  }

  async #standing(docId: DocId): Promise<Claim> {
    const { rows } = await sql<{ deleted: boolean; owned: boolean }>`
      SELECT
        EXISTS (SELECT FROM documents WHERE id = ${docId} AND deleted_at IS NOT NULL) AS deleted,
        EXISTS (SELECT FROM document_grants WHERE doc_id = ${docId} AND role = 'owner') AS owned
    `.execute(this.#database);
    if (rows[0]?.deleted) return 'deleted';
    return rows[0]?.owned ? 'owned' : 'ownerless';
  }

  /** In one statement, so that nobody who was made owner meanwhile gets a second one beside them. */
  async #give(docId: DocId, principalId: string): Promise<void> {
    await sql`
      INSERT INTO document_grants (doc_id, principal_id, role, granted_by)
      SELECT ${docId}, ${principalId}, 'owner', ${principalId}
      WHERE EXISTS (SELECT FROM documents WHERE id = ${docId} AND deleted_at IS NULL)
        AND NOT EXISTS (SELECT FROM document_grants WHERE doc_id = ${docId} AND role = 'owner')
      ON CONFLICT (doc_id, principal_id) DO UPDATE SET role = excluded.role
    `.execute(this.#database);
  }

  async #guard<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (cause) {
      const because = cause instanceof Error ? cause.message : String(cause);
      throw new DocumentsUnavailable(`PostgreSQL failed at ${what}: ${because}`, { cause });
    }
  }
}
