import type { Database } from '@kryton/engine/database/schema.ts';
import { type Kysely, sql } from 'kysely';
import type { AccountLine, Row } from './backup-format.ts';

/** What a backup holds beside documents, in an order in which each row finds what it refers to. */
export const ACCOUNT_TABLES = [
  { table: 'user', key: 'id' },
  { table: 'account', key: 'id' },
  { table: 'twoFactor', key: 'id' },
  { table: 'passkey', key: 'id' },
  { table: 'agents', key: 'id' },
  { table: 'agent_tokens', key: 'id' },
  { table: 'document_token_keys', key: 'kid' },
  { table: 'invitations', key: 'id' },
  { table: 'first_admin', key: 'email' },
] as const;

/** What it does not hold, and why. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  session: 'everybody signs in again',
  verification: 'questions that are open for minutes',
  audit_events: 'the history of the cluster that it was written in: a dump of PostgreSQL has it',
  quarantine: 'what cannot be read is no part of a document: a dump of PostgreSQL has it',
  log_entries: 'of embedded mode',
  log_heads: 'of embedded mode',
  document_snapshots: 'in the states of the documents',
  documents: 'in the lines of the documents',
  document_grants: 'in the lines of the documents',
  document_links: 'in the lines of the documents',
};

const PAGE_ROWS = 500;

/** Every row of {@link ACCOUNT_TABLES}, a page of it in memory. */
export async function* accountRows(db: Kysely<Database>): AsyncIterable<AccountLine> {
  for (const { table, key } of ACCOUNT_TABLES) {
    let after = '';
    for (;;) {
      const { rows } = await sql<{ key: string; row: Row }>`
        SELECT ${sql.ref(`each.${key}`)} AS key, to_jsonb("each") AS row FROM ${sql.table(table)} AS "each"
        WHERE ${sql.ref(`each.${key}`)} > ${after} ORDER BY 1 LIMIT ${PAGE_ROWS}::int`.execute(db);
      for (const { row } of rows) yield { table, row };
      const last = rows.at(-1);
      if (!last) break;
      after = last.key;
    }
  }
}

/** Inserts rows of one table. Rejects when one is there already, unless those are to stay as they are (`isMerge`). */
export async function insertRows(
  db: Kysely<Database>,
  table: string,
  rows: readonly Row[],
  { isMerge = false } = {},
): Promise<void> {
  if (rows.length === 0) return;
  const known = isMerge ? sql`ON CONFLICT DO NOTHING` : sql``;
  await sql`
    INSERT INTO ${sql.table(table)}
    SELECT * FROM jsonb_populate_recordset(NULL::${sql.table(table)}, ${JSON.stringify(rows)}::jsonb)
    ${known}`.execute(db);
}
