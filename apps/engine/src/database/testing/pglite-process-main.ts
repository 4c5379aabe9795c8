import { connectDatabase } from '../connect-database.ts';
import { migrate } from '../migrate.ts';
import { startPglite } from '../pglite-host.ts';
import { EXERCISED_SUM, exerciseDatabase } from './exercise-database.ts';

/**
 * A process for tests of the embedded database:
 * - `writer <dataDir> <name>` keeps inserting until it is killed, and prints `ack <doc_id> <seq>` for each row that
 *   was acknowledged;
 * - `client <url> <name>` uses a database of another process, and prints `exercised` when all answers were right;
 * - `hanger <url>` leaves a transaction open, prints `hanging` and stays.
 */
const [mode, where = '', name = ''] = process.argv.slice(2);

async function write(): Promise<void> {
  const host = await startPglite({ dataDir: where });
  const { db } = await connectDatabase(host.address, { applicationName: name });
  await migrate(db);
  const insert = async (docId: string) => {
    for (let seq = 1; ; seq++) {
      await db
        .insertInto('log_entries')
        .values({ doc_id: docId, epoch: 1, seq, update: Buffer.alloc(100, seq), at_ms: 0 })
        .execute();
      process.stdout.write(`ack ${docId} ${seq}\n`);
    }
  };
  await Promise.all([1, 2, 3, 4].map((i) => insert(`${name}-${i}`)));
}

async function hang(): Promise<void> {
  const { pool } = await connectDatabase({ url: where }, { applicationName: 'hanger' });
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query(
    "INSERT INTO log_heads (doc_id, epoch, last_seq) VALUES ('left-open', 1, 1) ON CONFLICT DO NOTHING",
  );
  console.log('hanging');
}

if (mode === 'writer') await write();
else if (mode === 'hanger') await hang();
else {
  const sum = await exerciseDatabase({ url: where }, name);
  console.log(sum === EXERCISED_SUM ? 'exercised' : `counted ${sum} instead of ${EXERCISED_SUM}`);
}
