import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { freePort } from '../testing/services/free-port.ts';
import { createDatabase } from '../testing/services/postgres-service.ts';
import { connectDatabase, type DatabaseConnection } from './connect-database.ts';
import { checkMigrated, migrate, missingMigrations } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';

const OPTIONS = { applicationName: 'test' };
const NAMES = Object.keys(MIGRATIONS);

describe('connecting to PostgreSQL', () => {
  let url: string;
  let database: DatabaseConnection;
  beforeAll(async () => {
    url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { ...OPTIONS, statementTimeoutMs: 1_000 });
  });
  afterAll(() => database.close());

  it('says where nothing answers', async () => {
    const port = await freePort();
    await expect(
      connectDatabase({ url: `postgresql://u:hunter2@127.0.0.1:${port}/kryton` }, OPTIONS),
    ).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringMatching(
        new RegExp(`^PostgreSQL is unreachable at 127.0.0.1:${port}/kryton \\(.*ECONNREFUSED.*\\): start it`),
      ),
    });
  });

  it('says that the login or the database is wrong, and shows no password', async () => {
    const wrongUser = new URL(url);
    wrongUser.username = 'nobody-here';
    wrongUser.password = 'hunter2';
    const error: unknown = await connectDatabase({ url: wrongUser.href }, OPTIONS).catch((e: unknown) => e);
    expect(String(error)).toMatch(/refused the login .* check user and password in DATABASE_URL/);
    expect(String(error)).not.toContain('hunter2');

    const wrongName = new URL(url);
    wrongName.pathname = '/nothing_here';
    await expect(connectDatabase({ url: wrongName.href }, OPTIONS)).rejects.toThrow('has no such database');
  });

  it('gives every statement a limit', async () => {
    await expect(sql`SELECT pg_sleep(5)`.execute(database.db)).rejects.toThrow('statement timeout');
    // The connection is as good as before.
    const { rows } = await sql<{ name: string }>`SELECT current_setting('application_name') AS name`.execute(
      database.db,
    );
    expect(rows).toEqual([{ name: 'test' }]);
  });

  it('gives up a connection whose statement never ended', async () => {
    const limits = { ...OPTIONS, connections: 1, statementTimeoutMs: 100 };
    const hung = await connectDatabase({ url }, limits);
    // As if the server were gone: its own limit does not come, and nothing else either.
    await sql`SET statement_timeout = 0`.execute(hung.db);
    await expect(sql`SELECT pg_sleep(15)`.execute(hung.db)).rejects.toThrow('Query read timeout');
    const startedMs = performance.now();
    expect((await sql<{ one: number }>`SELECT 1 AS one`.execute(hung.db)).rows).toEqual([{ one: 1 }]);
    expect(performance.now() - startedMs).toBeLessThan(1_500);
    await hung.close();
  });

  it('keeps a connection whose statement was refused', async () => {
    const one = await connectDatabase({ url }, { ...OPTIONS, connections: 1 });
    const pid = async () =>
      (await sql<{ pid: number }>`SELECT pg_backend_pid() AS pid`.execute(one.db)).rows[0]?.pid;
    const before = await pid();
    await expect(sql`SELECT nothing`.execute(one.db)).rejects.toThrow('does not exist');
    expect(await pid()).toBe(before);
    await one.close();
  });

  it('reads bigint as a number, and refuses one that no number can hold', async () => {
    const read = (text: string) =>
      sql<{ value: number }>`SELECT ${text}::bigint AS value`.execute(database.db);
    expect((await read('9007199254740991')).rows).toEqual([{ value: Number.MAX_SAFE_INTEGER }]);
    await expect(read('9007199254740993')).rejects.toThrow('9007199254740993, which no JS number can hold');
    expect((await read('-5')).rows).toEqual([{ value: -5 }]);
  });
});

describe('migrations', () => {
  it('run once, whoever starts them at the same time', async () => {
    const url = await createDatabase(inject('postgresUrl'));
    const databases = await Promise.all([1, 2, 3, 4].map(() => connectDatabase({ url }, OPTIONS)));
    const [first] = databases;
    if (first === undefined) expect.fail('four databases');
    await expect(checkMigrated(first.db)).rejects.toThrow(
      `PostgreSQL is not migrated (${NAMES.join(', ')}): run npm run migrate`,
    );
    const ran = await Promise.all(databases.map(({ db }) => migrate(db)));
    expect(ran.flat()).toEqual(NAMES);
    await checkMigrated(first.db);
    await Promise.all(databases.map((database) => database.close()));
  });

  it('of a later release are welcome to the check', async () => {
    const database = await connectDatabase({ url: await createDatabase(inject('postgresUrl')) }, OPTIONS);
    await migrate(database.db);
    await sql`INSERT INTO schema_migrations (name, timestamp) VALUES ('9999_later', '')`.execute(database.db);
    expect(await missingMigrations(database.db)).toEqual([]);
    await database.close();
  });

  it('store states outside of the row and uncompressed', async () => {
    const database = await connectDatabase({ url: await createDatabase(inject('postgresUrl')) }, OPTIONS);
    await migrate(database.db);
    const { rows } = await sql<{ storage: string }>`
      SELECT attstorage::text AS storage FROM pg_attribute
      WHERE attrelid = 'document_snapshots'::regclass AND attname = 'state'`.execute(database.db);
    expect(rows).toEqual([{ storage: 'e' }]);
    await database.close();
  });
});
