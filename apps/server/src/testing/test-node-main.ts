import { RedisMessageBus } from '@kryton/engine/bus/redis-message-bus.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { pino } from 'pino';
import { guardProcess } from '../plugins/guard-process.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import { openProcessAccounts } from './process-accounts.ts';
import { startTestNode, type TestNodeOptions } from './test-node.ts';

/** What {@link startNodeProcess} hands over. */
type Settings = {
  readonly name: string;
  readonly port: number;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly webRoot: string;
  readonly urls: readonly string[];
  readonly pluginsDir?: string;
  readonly accountSecret?: string;
};

// One node in a process of its own, so that a test can kill it. Written by `startNodeProcess` and read by nobody else.
const settings: Settings = JSON.parse(process.argv[2] ?? '');
const database = await connectDatabase({ url: settings.postgresUrl }, { applicationName: settings.name });
const plugins = settings.pluginsDir === undefined ? null : await pluginsIn(settings.pluginsDir);
const { accountSecret: secret } = settings;
const node = await startTestNode({
  ...settings,
  ...(secret !== undefined && {
    accounts: (engine) => openProcessAccounts({ ...settings, secret, engine, db: database.db }),
  }),
  snapshots: new PostgresSnapshotStore(database.db),
  ...(plugins && { plugins }),
});
process.once('SIGTERM', () => {
  void node
    .stop()
    .then(() => plugins?.bus.close())
    .then(() => database.close())
    .then(() => process.exit(0));
});

async function pluginsIn(directory: string): Promise<NonNullable<TestNodeOptions['plugins']>> {
  const { redisUrl: url, name } = settings;
  guardProcess(process);
  const loaded = await loadPlugins(directory, { log: pino() });
  return { loaded, bus: await RedisMessageBus.connect({ url, name, onError: () => {} }) };
}
