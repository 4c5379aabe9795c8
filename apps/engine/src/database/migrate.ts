import { type Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { StartupError } from '../lifecycle/startup-error.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Database } from './schema.ts';

const MIGRATIONS_TABLE = 'schema_migrations';
const LOCK_TABLE = 'schema_migrations_lock';

/**
 * Brings the schema up to date and resolves with the names of the migrations that ran. All of them run in one
 * transaction under an advisory lock: several processes may start this at once, one works, the others find it done.
 *
 * Throws a {@link StartupError} when a migration fails (nothing is changed then).
 */
export async function migrate(db: Kysely<Database>): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => ({ ...MIGRATIONS }) },
    migrationTableName: MIGRATIONS_TABLE,
    migrationLockTableName: LOCK_TABLE,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error === undefined) return (results ?? []).map(({ migrationName }) => migrationName);
  const failed = results?.find(({ status }) => status === 'Error')?.migrationName;
  const because = error instanceof Error ? error.message : String(error);
  throw new StartupError(
    `PostgreSQL could not be migrated${failed ? ` (at ${failed})` : ''}, nothing was changed: ${because}`,
    { cause: error },
  );
}

/**
 * Makes sure that every migration this release knows has run. Migrations of a later release are welcome: it may be
 * rolling out.
 *
 * Throws a {@link StartupError} that says what to run.
 */
export async function checkMigrated(db: Kysely<Database>): Promise<void> {
  const missing = await missingMigrations(db);
  if (missing.length === 0) return;
  throw new StartupError(`PostgreSQL is not migrated (${missing.join(', ')}): run npm run migrate`);
}

/** The migrations that have not run on this database, in order. */
export async function missingMigrations(db: Kysely<Database>): Promise<string[]> {
  const known = Object.keys(MIGRATIONS);
  const { rows } = await sql<{ present: boolean }>`
    SELECT to_regclass(${MIGRATIONS_TABLE}) IS NOT NULL AS present`.execute(db);
  if (!rows[0]?.present) return known;
  const applied = await sql<{ name: string }>`SELECT name FROM ${sql.table(MIGRATIONS_TABLE)}`.execute(db);
  const names = new Set(applied.rows.map(({ name }) => name));
  return known.filter((name) => !names.has(name));
}
