import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createDatabase } from '../testing/services/postgres-service.ts';
import { connectDatabase, type DatabaseConnection } from './connect-database.ts';
import { MIGRATIONS } from './migrations.ts';

describe('0002_quarantine_release', () => {
  let database: DatabaseConnection;
  beforeAll(async () => {
    const url = await createDatabase(inject('postgresUrl'));
    database = await connectDatabase({ url }, { applicationName: 'test' });
  });
  afterAll(() => database.close());

  it('LOG9 keeps the first of what two workers set aside at once, and allows no second any more', async () => {
    const { db } = database;
    await MIGRATIONS['0001_documents']?.up(db);
    const insert = (docId: string, kind: string, seq: number, reason: string) =>
      sql`INSERT INTO quarantine (doc_id, epoch, seq, kind, reason) VALUES (${docId}, 1, ${seq}, ${kind}, ${reason})`.execute(
        db,
      );
    await insert('a', 'entry', 1, 'first');
    await insert('a', 'entry', 1, 'again');
    await insert('a', 'entry', 2, 'another');
    await insert('b', 'entry', 1, 'of another document');
    await insert('a', 'document', 0, 'first');
    await insert('a', 'document', 5, 'again');
    await MIGRATIONS['0002_quarantine_release']?.up(db);
    const kept = await db
      .selectFrom('quarantine')
      .select(['doc_id', 'kind', 'reason'])
      .orderBy('id')
      .execute();
    expect(kept.map(({ doc_id, kind, reason }) => `${doc_id} ${kind}: ${reason}`)).toEqual([
      'a entry: first',
      'a entry: another',
      'b entry: of another document',
      'a document: first',
    ]);
    await expect(insert('a', 'entry', 2, 'again')).rejects.toThrow('quarantine_entry');
    await expect(insert('a', 'document', 9, 'again')).rejects.toThrow('quarantine_document');
  });
});
