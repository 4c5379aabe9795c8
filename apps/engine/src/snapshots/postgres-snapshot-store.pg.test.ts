import { inject } from 'vitest';
import { connectDatabase } from '../database/connect-database.ts';
import { migrate } from '../database/migrate.ts';
import { setDeleted } from '../database/testing/set-deleted.ts';
import { createDatabase } from '../testing/services/postgres-service.ts';
import { PostgresSnapshotStore } from './postgres-snapshot-store.ts';
import { describeSnapshotStore } from './snapshot-store.contract.ts';

describeSnapshotStore('PostgreSQL', async () => {
  const url = await createDatabase(inject('postgresUrl'));
  const open = () => connectDatabase({ url }, { applicationName: 'test' });
  const [first, second] = [await open(), await open()];
  await migrate(first.db);
  return {
    store: new PostgresSnapshotStore(first.db),
    other: new PostgresSnapshotStore(second.db),
    setDeleted: (docId, agoMs) => setDeleted(second.db, docId, agoMs),
    disconnect: () => first.close(),
    stop: () => second.close(),
  };
});
