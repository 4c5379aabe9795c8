import { loadConfig } from '../config/load-config.ts';
import { exitWith } from '../lifecycle/startup-error.ts';
import { connectDatabase } from './connect-database.ts';
import { migrate } from './migrate.ts';

/** `npm run migrate`: brings the schema of DATABASE_URL up to date. Embedded mode does this by itself. */
const MIGRATION_TIMEOUT_MS = 15 * 60_000;

async function main(): Promise<void> {
  const { databaseUrl } = loadConfig(process.env, { role: 'migrate' });
  const database = await connectDatabase(
    { url: databaseUrl ?? '' },
    { applicationName: 'kryton-migrate', connections: 1, statementTimeoutMs: MIGRATION_TIMEOUT_MS },
  );
  try {
    const done = await migrate(database.db);
    console.log(
      done.length === 0 ? 'The schema is up to date.' : `The schema is up to date now: ${done.join(', ')}.`,
    );
  } finally {
    await database.close();
  }
}

main().catch((error: unknown) => exitWith(error));
