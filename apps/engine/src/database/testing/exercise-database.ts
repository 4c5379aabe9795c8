import { type Kysely, sql } from 'kysely';
import { connectDatabase } from '../connect-database.ts';
import type { DatabaseAddress } from '../postgres-pool.ts';
import type { Database } from '../schema.ts';

const CONNECTIONS = 6;
const ROUNDS = 60;

/**
 * Uses a database through six connections at once: on each, statements of its own shape and values in turn with
 * transactions that read back what they wrote. Every answer must be that of its own question. `name` keeps callers
 * apart. Resolves with the sum that `log_heads` holds of its transactions.
 */
export async function exerciseDatabase(address: DatabaseAddress, name: string): Promise<number> {
  const database = await connectDatabase(address, { applicationName: name, connections: CONNECTIONS });
  try {
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, i) => exercise(database.db, `${name}-${i}`, i)),
    );
    const rows = await database.db
      .selectFrom('log_heads')
      .select('last_seq')
      .where('doc_id', 'like', `${name}-%`)
      .execute();
    return rows.reduce((sum, { last_seq }) => sum + last_seq, 0);
  } finally {
    await database.close();
  }
}

/** What {@link exerciseDatabase} must resolve with. */
export const EXERCISED_SUM = CONNECTIONS * ROUNDS;

async function exercise(db: Kysely<Database>, id: string, shape: number): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    await ask(db, `${id}.${round}`, shape);
    await db.transaction().execute(async (transaction) => {
      await increment(transaction, id);
      const { last_seq } = await transaction
        .selectFrom('log_heads')
        .select('last_seq')
        .where('doc_id', '=', id)
        .executeTakeFirstOrThrow();
      if (last_seq !== round) throw new Error(`${id} counted to ${last_seq} instead of ${round}`);
    });
  }
}

async function ask(db: Kysely<Database>, value: string, shape: number): Promise<void> {
  const columns = Array.from({ length: shape + 1 }, (_, i) => sql`${value}::text AS ${sql.ref(`c${i}`)}`);
  const { rows } = await sql<Record<string, string>>`SELECT ${sql.join(columns)}`.execute(db);
  const answers = Object.values(rows[0] ?? {});
  if (answers.length !== shape + 1 || answers.some((answer) => answer !== value)) {
    throw new Error(`asked for ${value} ${shape + 1} times, got ${answers.join(', ')}`);
  }
}

async function increment(db: Kysely<Database>, id: string): Promise<void> {
  await db
    .insertInto('log_heads')
    .values({ doc_id: id, epoch: 1, last_seq: 1, covered_epoch: null, covered_seq: null })
    .onConflict((conflict) =>
      conflict.column('doc_id').doUpdateSet({ last_seq: sql<number>`log_heads.last_seq + 1` }),
    )
    .execute();
}
