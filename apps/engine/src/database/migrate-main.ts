import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../config/load-config.ts';
import { exitWith } from '../lifecycle/startup-error.ts';
import { connectDatabase, type DatabaseConnection } from './connect-database.ts';
import { checkMigrated, migrate } from './migrate.ts';
import { parseMigrateCommand } from './migrate-command.ts';
import { waitForSchema } from './wait-for-schema.ts';

/**
 * `npm run migrate`: brings the schema of DATABASE_URL up to date. Embedded mode does this by itself. With `--check` or
 * `--wait` it changes nothing and says by its exit code whether that was done.
 */
const MIGRATION_TIMEOUT_MS = 15 * 60_000;
const CHECK_TIMEOUT_MS = 10_000;

async function main(): Promise<void> {
  const command = parseMigrateCommand(process.argv.slice(2));
  const { databaseUrl } = loadConfig(process.env, { role: 'migrate' });
  const connected = async <Result>(
    statementTimeoutMs: number,
    use: (db: DatabaseConnection['db']) => Promise<Result>,
  ): Promise<Result> => {
    const options = { applicationName: 'kryton-migrate', connections: 1, statementTimeoutMs };
    const database = await connectDatabase({ url: databaseUrl ?? '' }, options);
    try {
      return await use(database.db);
    } finally {
      await database.close();
    }
  };
  const check = () => connected(CHECK_TIMEOUT_MS, checkMigrated);

  if (command.kind === 'migrate') {
    const done = await connected(MIGRATION_TIMEOUT_MS, migrate);
    const names = done.length === 0 ? '.' : ` now: ${done.join(', ')}.`;
    console.log(`The schema is up to date${names}`);
    return;
  }
  if (command.kind === 'check') await check();
  else {
    const { withinMs } = command;
    const onWaiting = (reason: string) => console.log(`Waiting: ${reason}`);
    await waitForSchema({ check, withinMs, now: () => performance.now(), pause, onWaiting });
  }
  console.log('The schema is up to date.');
}

main().catch((error: unknown) => exitWith(error));
