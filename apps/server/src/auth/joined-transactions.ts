import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database } from '@kryton/engine/database/schema.ts';
import type { Kysely, Transaction } from 'kysely';

/**
 * Lets the SQL of hooks join the transaction that better-auth has open, which it hands to nobody: a sign-up and the
 * invitation that it uses up are stored together or not at all.
 *
 * With a connection of its own such a hook would also wait for the one that waits for it: when every connection of
 * the pool is in a sign-up, and always on the embedded database, which runs one transaction at a time.
 */
export class JoinedTransactions {
  /** The database as better-auth is to use it. */
  readonly watched: Kysely<Database>;
  readonly #db: Kysely<Database>;
  readonly #open = new AsyncLocalStorage<Transaction<Database>>();

  constructor(db: Kysely<Database>) {
    this.#db = db;
    this.watched = watch(db, (transaction, work) => this.#open.run(transaction, work));
  }

  /** The transaction that the caller runs in, else the database. */
  get current(): Kysely<Database> {
    return this.#open.getStore() ?? this.#db;
  }
}

type Run = <Result>(transaction: Transaction<Database>, work: () => Promise<Result>) => Promise<Result>;

/** `db`, whose `transaction().execute(…)` goes through `run`: the one form of it that better-auth uses. */
function watch(db: Kysely<Database>, run: Run): Kysely<Database> {
  const transaction = () => ({
    execute: <Result>(work: (transaction: Transaction<Database>) => Promise<Result>) =>
      db.transaction().execute((opened) => run(opened, () => work(opened))),
  });
  return new Proxy(db, {
    get(target, name) {
      if (name === 'transaction') return transaction;
      // A function with functions on it, which a bound one would not have: without them users cannot be counted.
      if (name === 'fn') return target.fn;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
