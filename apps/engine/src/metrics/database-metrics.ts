import type { Counter, Histogram } from 'prom-client';
import type { StatementObserver } from '../database/postgres-pool.ts';
import type { MetricSet } from './metric-set.ts';

const STATEMENT_BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 10];
const STATES = ['idle', 'used'] as const;

/** What is asked of a pool of `pg` at each scrape. */
export type PoolFigures = {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
};

/** What a process says of PostgreSQL: its statements, and its pool of connections. */
export class DatabaseMetrics implements StatementObserver {
  readonly #statements: Histogram;
  readonly #failures: Counter;
  #pool: PoolFigures | null = null;

  /** `connections`: how many the pool opens at most. */
  constructor(set: MetricSet, connections: number) {
    this.#statements = set.histogram(
      'kryton_database_statement_seconds',
      'How long statements took in PostgreSQL, without the wait for a connection.',
      { buckets: STATEMENT_BUCKETS_S },
    );
    this.#failures = set.counter(
      'kryton_database_failures_total',
      'Statements that failed because PostgreSQL was away, too slow, full or read-only.',
    );
    set.askedBy(
      'kryton_database_connections',
      'Connections to PostgreSQL that this process has open.',
      ['state', STATES],
      (state) => {
        const { totalCount = 0, idleCount = 0 } = this.#pool ?? {};
        return state === 'idle' ? idleCount : totalCount - idleCount;
      },
    );
    set.asked(
      'kryton_database_connections_limit',
      'Connections to PostgreSQL that this process opens at most (DATABASE_CONNECTIONS).',
      () => connections,
    );
    set.asked(
      'kryton_database_waiting_statements',
      'Statements that wait for a free connection.',
      () => this.#pool?.waitingCount ?? 0,
    );
  }

  /** From now on this pool is asked. */
  watch(pool: PoolFigures): void {
    this.#pool = pool;
  }

  ended(ms: number, error: unknown): void {
    this.#statements.observe(ms / 1000);
    if (error !== null && isOfTheStore(error)) this.#failures.inc();
  }

  unconnected(): void {
    this.#failures.inc();
  }
}

/** Classes of SQLSTATE (appendix A of PostgreSQL's manual): connection, resources, intervention, system. */
const STORE_CLASSES = new Set(['08', '53', '57', '58']);
/** A statement that writes reached a replica. */
const READ_ONLY = '25006';

/** Whether it says something of PostgreSQL; a duplicate key or a conflict only says something of the statement. */
function isOfTheStore(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  // Without an SQLSTATE it never got as far as the server's answer.
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return true;
  return code === READ_ONLY || STORE_CLASSES.has(code.slice(0, 2));
}
