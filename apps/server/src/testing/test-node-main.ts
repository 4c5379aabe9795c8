import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { startTestNode } from './test-node.ts';

/** What {@link startNodeProcess} hands over. */
type Settings = {
  readonly name: string;
  readonly port: number;
  readonly redisUrl: string;
  readonly postgresUrl: string;
  readonly webRoot: string;
  readonly urls: readonly string[];
};

// One node in a process of its own, so that a test can kill it. Written by `startNodeProcess` and read by nobody else.
const settings: Settings = JSON.parse(process.argv[2] ?? '');
const database = await connectDatabase({ url: settings.postgresUrl }, { applicationName: settings.name });
const node = await startTestNode({ ...settings, snapshots: new PostgresSnapshotStore(database.db) });
process.once('SIGTERM', () => {
  void node
    .stop()
    .then(() => database.close())
    .then(() => process.exit(0));
});
