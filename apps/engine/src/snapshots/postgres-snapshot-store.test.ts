import { connectDatabase } from '../database/connect-database.ts';
import { migrate } from '../database/migrate.ts';
import { startPglite } from '../database/pglite-host.ts';
import { setDeleted } from '../database/testing/set-deleted.ts';
import { PostgresSnapshotStore } from './postgres-snapshot-store.ts';
import { describeSnapshotStore } from './snapshot-store.contract.ts';

describeSnapshotStore('embedded database', async () => {
  const host = await startPglite({ dataDir: null });
  const open = () => connectDatabase(host.address, { applicationName: 'test' });
  const [first, second] = [await open(), await open()];
  await migrate(first.db);
  return {
    store: new PostgresSnapshotStore(first.db),
    other: new PostgresSnapshotStore(second.db),
    setDeleted: (docId, agoMs) => setDeleted(second.db, docId, agoMs),
    // Not only the pool: the database itself goes, and new connections are refused.
    disconnect: () => host.stop(),
    stop: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
});
