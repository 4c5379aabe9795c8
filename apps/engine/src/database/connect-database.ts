import {
  type DatabaseConnection as AcquiredConnection,
  Kysely,
  type KyselyConfig,
  PostgresDialect,
  PostgresDriver,
  sql,
} from 'kysely';
import type { Pool } from 'pg';
import { DeadlineExceeded, deadline } from '../lifecycle/deadline.ts';
import { StartupError } from '../lifecycle/startup-error.ts';
import {
  createPool,
  type DatabaseAddress,
  type PoolOptions,
  type StatementObserver,
} from './postgres-pool.ts';
import type { Database } from './schema.ts';

/** An open database: a pool of connections and Kysely on it. */
export type DatabaseConnection = {
  readonly db: Kysely<Database>;
  readonly pool: Pool;
  /** Ends the connections when their statements are through, at the latest after 5 s. Never rejects. */
  close(): Promise<void>;
};

/** PostgreSQL 13: the oldest that its makers supported when this was written or a year before. */
const OLDEST_VERSION = 130_000;
const FIRST_ANSWER_MS = 8_000;
const CLOSE_MS = 5_000;

/**
 * Opens a pool on `address` and makes sure that a PostgreSQL we can use answers there (the embedded database too: it
 * is served as one).
 *
 * Throws a {@link StartupError} that says what is wrong: unreachable, refused, no such database, too old.
 */
export async function connectDatabase(
  address: DatabaseAddress,
  options: PoolOptions,
): Promise<DatabaseConnection> {
  const pool = openPool(address, options);
  const db = new Kysely<Database>(observed(pool, options.observer));
  const close = () => deadline(db.destroy(), CLOSE_MS, 'closing PostgreSQL').catch(() => {});
  try {
    await deadline(checkVersion(db), FIRST_ANSWER_MS, 'connecting to PostgreSQL');
  } catch (error) {
    await close();
    throw error instanceof StartupError ? error : explainFailure(error, placeOf(address));
  }
  return { db, pool, close };
}

function openPool(address: DatabaseAddress, options: PoolOptions): Pool {
  try {
    return createPool(address, options);
  } catch (cause) {
    throw new StartupError(
      'DATABASE_URL is not a PostgreSQL URL: set it to postgresql://user:password@host:5432/name',
      { cause },
    );
  }
}

/** Kysely on `pool`, with what `observer` wants to know: Kysely's own log has statements, and no failed connecting. */
function observed(pool: Pool, observer: StatementObserver | undefined): KyselyConfig {
  if (!observer) return { dialect: new PostgresDialect({ pool }) };
  return {
    dialect: new ObservedDialect(pool, observer),
    log: ({ queryDurationMillis, ...event }) =>
      observer.ended(queryDurationMillis, event.level === 'error' ? event.error : null),
  };
}

class ObservedDialect extends PostgresDialect {
  readonly #pool: Pool;
  readonly #observer: StatementObserver;

  constructor(pool: Pool, observer: StatementObserver) {
    super({ pool });
    this.#pool = pool;
    this.#observer = observer;
  }

  override createDriver(): ObservedDriver {
    return new ObservedDriver(this.#pool, this.#observer);
  }
}

class ObservedDriver extends PostgresDriver {
  readonly #observer: StatementObserver;

  constructor(pool: Pool, observer: StatementObserver) {
    super({ pool });
    this.#observer = observer;
  }

  override async acquireConnection(): Promise<AcquiredConnection> {
    try {
      return await super.acquireConnection();
    } catch (error) {
      this.#observer.unconnected(error);
      throw error;
    }
  }
}

async function checkVersion(db: Kysely<Database>): Promise<void> {
  const query = sql<{ number: number; version: string }>`
    SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version`;
  const found = (await query.execute(db)).rows[0];
  if (found && found.number >= OLDEST_VERSION) return;
  throw new StartupError(
    `PostgreSQL ${found?.version} is too old: use version ${OLDEST_VERSION / 10_000} or later`,
  );
}

/** The answers of a server that mean "wrong credentials"; appendix A of PostgreSQL's manual. */
const REFUSED_LOGIN = new Set(['28000', '28P01']);
const NO_SUCH_DATABASE = '3D000';
const NOT_ALLOWED = '42501';
const TOO_MANY_CONNECTIONS = '53300';

function explainFailure(error: unknown, place: string): StartupError {
  const code = codeOf(error);
  const because = error instanceof Error ? error.message || code : String(error);
  return new StartupError(sentence(), { cause: error });

  function sentence(): string {
    if (REFUSED_LOGIN.has(code)) {
      return `PostgreSQL at ${place} refused the login (${because}): check user and password in DATABASE_URL`;
    }
    if (code === NO_SUCH_DATABASE) {
      return `PostgreSQL at ${place} has no such database (${because}): create it or correct DATABASE_URL`;
    }
    if (code === NOT_ALLOWED) return `PostgreSQL at ${place} denies this user access (${because})`;
    if (code === TOO_MANY_CONNECTIONS) {
      return `PostgreSQL at ${place} has no connection left (${because}): raise its max_connections`;
    }
    const reason = error instanceof DeadlineExceeded ? `no answer within ${error.afterMs} ms` : because;
    return `PostgreSQL is unreachable at ${place} (${reason}): start it or correct DATABASE_URL`;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}

/** Host, port and database name; never user or password. */
function placeOf(address: DatabaseAddress): string {
  if (!('url' in address)) return `${address.host}:${address.port}/${address.database}`;
  const url = new URL(address.url);
  const host = url.searchParams.get('host') ?? url.hostname;
  return `${host || 'localhost'}:${url.port || 5432}${url.pathname}`;
}
