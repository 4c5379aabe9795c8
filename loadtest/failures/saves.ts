import type { DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { sql } from 'kysely';

export type SavesTable = {
  readonly table: string;
  /** The column with the document's name. */
  readonly idColumn: string;
};

/** A save that is held up. */
export type HeldSave = {
  /** Whether a save waits for it. */
  isWaitedFor(): Promise<boolean>;
  release(): Promise<void>;
};

/**
 * Where a system saves its documents, and how a save is held up or refused: from inside the database, by a lock and by
 * a trigger, so that every system meets the same.
 */
export class Saves {
  readonly #db: DatabaseConnection['db'];
  readonly #place: SavesTable;
  #refusals = 0;

  constructor(db: DatabaseConnection['db'], place: SavesTable) {
    this.#db = db;
    this.#place = place;
  }

  async isSaved(docId: string): Promise<boolean> {
    const { table, idColumn } = this.#place;
    const { rows } =
      await sql`SELECT 1 FROM ${sql.table(table)} WHERE ${sql.ref(idColumn)} = ${docId}`.execute(this.#db);
    return rows.length > 0;
  }

  /** The next save of the document begins and does not end before it is released. It must have been saved before. */
  async hold(docId: string): Promise<HeldSave> {
    const { table, idColumn } = this.#place;
    const locked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const holding = this.#db.transaction().execute(async (transaction) => {
      await sql`SET LOCAL idle_in_transaction_session_timeout = '60s'`.execute(transaction);
      await sql`SELECT 1 FROM ${sql.table(table)} WHERE ${sql.ref(idColumn)} = ${docId} FOR UPDATE`.execute(
        transaction,
      );
      locked.resolve();
      await released.promise;
    });
    await Promise.race([locked.promise, holding]);
    return {
      isWaitedFor: async () => {
        const { rows } = await sql<{ count: number }>`
          SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND query ILIKE ${`%${table}%`}`.execute(this.#db);
        return (rows[0]?.count ?? 0) > 0;
      },
      async release() {
        released.resolve();
        await holding;
      },
    };
  }

  /** The next save of the document fails, those after it do not. The result tells whether it has. */
  async refuseNext(docId: string): Promise<() => Promise<boolean>> {
    const { table, idColumn } = this.#place;
    this.#refusals += 1;
    // A sequence keeps its count although the statement that took it is rolled back.
    const name = `refusal_${this.#refusals}`;
    await sql`CREATE SEQUENCE ${sql.ref(name)}`.execute(this.#db);
    await sql`
      CREATE FUNCTION ${sql.ref(name)}() RETURNS trigger LANGUAGE plpgsql AS ${sql.lit(`
        BEGIN
          IF NEW.${idColumn} = TG_ARGV[0] AND nextval('${name}') = 1 THEN
            RAISE EXCEPTION 'this save is refused, once';
          END IF;
          RETURN NEW;
        END`)}`.execute(this.#db);
    await sql`
      CREATE TRIGGER ${sql.ref(name)} BEFORE INSERT OR UPDATE ON ${sql.table(table)}
      FOR EACH ROW EXECUTE FUNCTION ${sql.ref(name)}(${sql.lit(docId)})`.execute(this.#db);
    return async () => {
      const { rows } = await sql<{ was: boolean }>`SELECT is_called AS was FROM ${sql.table(name)}`.execute(
        this.#db,
      );
      return rows[0]?.was ?? false;
    };
  }
}
