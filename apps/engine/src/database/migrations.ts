import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { createAccessTables, createAccountTables } from './account-migrations.ts';

/**
 * Every change of the schema, in order. A migration that was released is never edited: a later one corrects it. The
 * previous release must still run on the new schema (nodes are replaced one after the other), so columns are added
 * first and removed a release later.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_documents': { up: createDocumentTables },
  '0002_quarantine_release': { up: noteReleases },
  '0003_accounts': { up: createAccountTables },
  '0004_access': { up: createAccessTables },
};

async function createDocumentTables(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('document_snapshots')
    .addColumn('doc_id', 'text', (column) => column.primaryKey())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('state', 'bytea', (column) => column.notNull())
    .addColumn('state_vector', 'bytea', (column) => column.notNull())
    .addColumn('updated_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  // Yjs updates hardly compress, and trying costs the database more than the few saved bytes.
  await sql`ALTER TABLE document_snapshots ALTER COLUMN state SET STORAGE EXTERNAL`.execute(database);

  await database.schema
    .createTable('log_entries')
    .addColumn('doc_id', 'text', (column) => column.notNull())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'bigint', (column) => column.notNull())
    .addColumn('update', 'bytea', (column) => column.notNull())
    .addColumn('at_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('log_entries_pkey', ['doc_id', 'epoch', 'seq'])
    .execute();
  await sql`ALTER TABLE log_entries ALTER COLUMN update SET STORAGE EXTERNAL`.execute(database);

  await database.schema
    .createTable('log_heads')
    .addColumn('doc_id', 'text', (column) => column.primaryKey())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('last_seq', 'bigint', (column) => column.notNull())
    .addColumn('covered_epoch', 'bigint')
    .addColumn('covered_seq', 'bigint')
    .execute();

  await database.schema
    .createTable('quarantine')
    .addColumn('id', 'bigint', (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn('doc_id', 'text', (column) => column.notNull())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('seq', 'bigint')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('bytes', 'bytea')
    .addColumn('created_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
    .execute();
  await database.schema
    .createIndex('quarantine_doc_id')
    .on('quarantine')
    .columns(['doc_id', 'created_at'])
    .execute();
}

/**
 * What is set aside twice, by two workers at once, would be released twice. And a release says when it began, so that
 * one that was interrupted is not repeated unnoticed.
 */
async function noteReleases(database: Kysely<unknown>): Promise<void> {
  await sql`
    DELETE FROM quarantine AS later USING quarantine AS earlier
    WHERE later.id > earlier.id AND later.doc_id = earlier.doc_id AND later.kind = earlier.kind
      AND (later.kind = 'document' OR (later.epoch = earlier.epoch AND later.seq = earlier.seq))
  `.execute(database);
  await sql`CREATE UNIQUE INDEX quarantine_entry ON quarantine (doc_id, epoch, seq) WHERE kind = 'entry'`.execute(
    database,
  );
  await sql`CREATE UNIQUE INDEX quarantine_document ON quarantine (doc_id) WHERE kind = 'document'`.execute(
    database,
  );
  await database.schema
    .alterTable('quarantine')
    .addColumn('release_began_at', 'timestamptz')
    .addColumn('released_at', 'timestamptz')
    .addColumn('released_epoch', 'bigint')
    .addColumn('released_seq', 'bigint')
    .execute();
}
