import { inject } from 'vitest';
import { connectDatabase } from '../database/connect-database.ts';
import { migrate } from '../database/migrate.ts';
import { createDatabase } from '../testing/services/postgres-service.ts';
import { EmbeddedUpdateLog } from './embedded-update-log.ts';
import { describeUpdateLog } from './update-log.contract.ts';

describeUpdateLog('embedded', async () => {
  const url = await createDatabase(inject('postgresUrl'));
  const { db, close } = await connectDatabase({ url }, { applicationName: 'embedded-log-test' });
  await migrate(db);
  // Both nodes of an embedded process share one log; what is lost is lost while nobody runs.
  let log = new EmbeddedUpdateLog(db, () => Date.now());
  const restart = () => {
    log = new EmbeddedUpdateLog(db, () => Date.now());
  };
  const current = new Proxy(log, {
    get: (_target, property) => {
      const value: unknown = Reflect.get(log, property);
      return typeof value === 'function' ? value.bind(log) : value;
    },
  });
  return {
    log: current,
    other: current,
    wipe: async (docId) => {
      await db.deleteFrom('log_entries').where('doc_id', '=', docId).execute();
      await db.deleteFrom('log_heads').where('doc_id', '=', docId).execute();
      restart();
    },
    rewind: async (docId, { epoch, seq }) => {
      await db
        .deleteFrom('log_entries')
        .where('doc_id', '=', docId)
        .where('epoch', '=', epoch)
        .where('seq', '>', seq)
        .execute();
      await db.updateTable('log_heads').set({ last_seq: seq }).where('doc_id', '=', docId).execute();
      restart();
    },
    stop: async () => {
      await log.close();
      await close();
    },
  };
});
