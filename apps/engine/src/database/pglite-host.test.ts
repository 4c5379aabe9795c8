import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type DatabaseConnection } from './connect-database.ts';
import { checkMigrated, migrate } from './migrate.ts';
import { type PgliteHost, startPglite } from './pglite-host.ts';

describe('embedded database in memory', () => {
  let host: PgliteHost;
  let database: DatabaseConnection;
  beforeAll(async () => {
    host = await startPglite({ dataDir: null });
    database = await connectDatabase(host.address, { applicationName: 'test' });
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await host.stop();
  });

  it('is reachable for its owner only', () => {
    if (!('host' in host.address)) expect.fail('the address is a socket directory');
    expect(statSync(host.address.host).mode & 0o777).toBe(0o700);
  });

  it('migrates', async () => {
    await expect(checkMigrated(database.db)).rejects.toThrow(/run npm run migrate/);
    expect(await migrate(database.db)).toEqual(['0001_documents']);
    expect(await migrate(database.db)).toEqual([]);
    await checkMigrated(database.db);
  });

  it('can be reached by its URL too', async () => {
    const other = await connectDatabase({ url: host.url }, { applicationName: 'test' });
    await checkMigrated(other.db);
    await other.close();
  });
});
