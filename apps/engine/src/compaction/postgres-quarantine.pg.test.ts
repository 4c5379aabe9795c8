import { inject } from 'vitest';
import { connectDatabase } from '../database/connect-database.ts';
import { migrate } from '../database/migrate.ts';
import { setDeleted } from '../database/testing/set-deleted.ts';
import { createDatabase } from '../testing/services/postgres-service.ts';
import { PostgresQuarantine } from './postgres-quarantine.ts';
import { describeQuarantine } from './quarantine.contract.ts';

describeQuarantine('PostgreSQL', async () => {
  const url = await createDatabase(inject('postgresUrl'));
  const open = () => connectDatabase({ url }, { applicationName: 'test' });
  const [first, second] = [await open(), await open()];
  await migrate(first.db);
  return {
    quarantine: new PostgresQuarantine(first.db),
    other: new PostgresQuarantine(second.db),
    setDeleted: (docId, agoMs) => setDeleted(second.db, docId, agoMs),
    disconnect: () => first.close(),
    stop: () => second.close(),
  };
});
