import { connectDatabase } from '../database/connect-database.ts';
import { migrate } from '../database/migrate.ts';
import { startPglite } from '../database/pglite-host.ts';
import { setDeleted } from '../database/testing/set-deleted.ts';
import { PostgresQuarantine } from './postgres-quarantine.ts';
import { describeQuarantine } from './quarantine.contract.ts';

describeQuarantine('embedded database', async () => {
  const host = await startPglite({ dataDir: null });
  const open = () => connectDatabase(host.address, { applicationName: 'test' });
  const [first, second] = [await open(), await open()];
  await migrate(first.db);
  return {
    quarantine: new PostgresQuarantine(first.db),
    other: new PostgresQuarantine(second.db),
    setDeleted: (docId, agoMs) => setDeleted(second.db, docId, agoMs),
    disconnect: () => host.stop(),
    stop: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
});
