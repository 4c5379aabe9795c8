import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ACCOUNT_TABLES, accountRows, insertRows, LEFT_OUT } from './account-tables.ts';
import type { AccountLine } from './backup-format.ts';

describe('the accounts in a backup', () => {
  let from: DatabaseConnection;
  let to: DatabaseConnection;
  beforeAll(async () => {
    [from, to] = await Promise.all([fresh(), fresh()]);
  });
  afterAll(() => Promise.all([from.close(), to.close()]));

  it('are every table of the schema, but for those that are left out for a reason', async () => {
    const { rows } = await sql<{ name: string }>`
      SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`.execute(from.db);
    const tables = rows.map(({ name }) => name).filter((name) => !name.startsWith('schema_migrations'));
    const known = [...ACCOUNT_TABLES.map(({ table }) => table), ...Object.keys(LEFT_OUT)];
    expect(known.toSorted()).toEqual(tables.toSorted());
  });

  it('come back as they were, whatever their types', async () => {
    await sql`INSERT INTO "user" ("id", "name", "email", "emailVerified", "role")
      SELECT 'u' || n, 'Ünï "quoted" \\ ' || n, n || '@example.com', n % 2 = 0, 'user' FROM generate_series(1, 1203) AS n
    `.execute(from.db);
    await sql`INSERT INTO agents (id, owner_id, name) VALUES ('a', 'u7', 'Robot')`.execute(from.db);
    await sql`INSERT INTO agent_tokens (id, agent_id, name, token_hash, scopes, docs, expires_at)
      VALUES ('t', 'a', 'token', '\\x00ff5c', '{read,write}', NULL, '2031-01-02 03:04:05.678901+02')`.execute(
      from.db,
    );
    await sql`INSERT INTO document_token_keys (kid, public_jwk, private_jwk)
      VALUES ('k', '{"x": [1, null, "ü"]}', '\\xdeadbeef')`.execute(from.db);
    await sql`INSERT INTO first_admin (id, email) VALUES (1, 'first@example.com')`.execute(from.db);
    const lines = await linesOf(from);
    expect(lines).toHaveLength(1203 + 4);
    for (const { table } of ACCOUNT_TABLES) {
      const rows = lines.filter((line) => line.table === table).map(({ row }) => row);
      await insertRows(to.db, table, rows);
    }
    expect(await linesOf(to)).toEqual(lines);
    const token = sql`SELECT token_hash, scopes, docs, expires_at FROM agent_tokens`;
    expect((await token.execute(to.db)).rows).toEqual((await token.execute(from.db)).rows);
    await expect(insertRows(to.db, 'agents', [{ id: 'a' }])).rejects.toThrow();
  });
});

async function fresh(): Promise<DatabaseConnection> {
  const database = await connectDatabase(
    { url: await createDatabase(inject('postgresUrl')) },
    { applicationName: 'test' },
  );
  await migrate(database.db);
  return database;
}

async function linesOf({ db }: DatabaseConnection): Promise<AccountLine[]> {
  const lines: AccountLine[] = [];
  for await (const line of accountRows(db)) lines.push(line);
  return lines;
}
