import pg from 'pg';
import { valueTypes } from './value-types.ts';

/** Where a database is, as `pg` takes it: a URL, or a host (a path means the directory of a Unix socket). */
export type DatabaseAddress =
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

export type PoolOptions = {
  /** What `pg_stat_activity` shows: the role and the node. */
  readonly applicationName: string;
  /** Connections at most; 10 unless told. They are opened when needed and closed after 30 s without use. */
  readonly connections?: number;
  /** How long a statement may take, in ms; 10,000 unless told. */
  readonly statementTimeoutMs?: number;
  /** Called with errors of connections that nobody is using; the pool opens others. */
  readonly onIdleError?: (error: Error) => void;
  /** Is told of every statement. */
  readonly observer?: StatementObserver;
};

export type StatementObserver = {
  /** A statement ended after `ms`; `error` null when it succeeded. */
  ended(ms: number, error: unknown): void;
  /** No connection could be had. */
  unconnected(error: unknown): void;
};

const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 10_000;
/** The server ends a statement first, and the connection stays usable; the client's own limit is for a dead network. */
const CLIENT_MARGIN_MS = 2_000;
const KEEP_ALIVE_AFTER_MS = 10_000;

/**
 * A pool whose every wait has a limit: for a connection, for a statement (by the server and, should it be gone, by the
 * client), in an open transaction.
 *
 * Values travel as text. pg has an option `binary`, but its parser (pg-protocol 1.x, `parseDataRowMessage`) decodes
 * every field as UTF-8 first, and any byte above 127 is lost.
 *
 * The limits go with the connection's start-up message; PgBouncer has to be told to let them through:
 * `ignore_startup_parameters = statement_timeout,idle_in_transaction_session_timeout`.
 */
export function createPool(address: DatabaseAddress, options: PoolOptions): pg.Pool {
  const statementTimeoutMs = options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS;
  const pool = new pg.Pool({
    ...('url' in address ? { connectionString: address.url } : address),
    application_name: options.applicationName,
    max: options.connections ?? 10,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + CLIENT_MARGIN_MS,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: valueTypes,
  });
  // Without a listener the loss of an idle connection ends the process.
  pool.on('error', (error) => options.onIdleError?.(error));
  pool.on('release', (_error, client) => discardWhenBusy(client));
  return pool;
}

/**
 * After the client's own time limit the statement is still under way on its connection, and pg would give that
 * connection to the next caller, who waits behind it; on a dead network for a quarter of an hour. A statement that was
 * merely refused is no longer the active one, although the server's last word on it may still be on its way.
 */
function discardWhenBusy(client: pg.PoolClient): void {
  const isBusy =
    client instanceof pg.Client &&
    'readyForQuery' in client &&
    client.readyForQuery === false &&
    '_activeQuery' in client &&
    client._activeQuery !== null;
  if (isBusy) void client.end().catch(() => {});
}
