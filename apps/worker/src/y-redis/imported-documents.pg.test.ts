import { randomUUID } from 'node:crypto';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { setDeleted } from '@kryton/engine/database/testing/set-deleted.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { DocumentsUnavailable, ImportedDocuments } from './imported-documents.ts';

let database: DatabaseConnection;
let documents: ImportedDocuments;
beforeAll(async () => {
  const url = await createDatabase(inject('postgresUrl'));
  database = await connectDatabase({ url }, { applicationName: 'imported' });
  await migrate(database.db);
  documents = new ImportedDocuments(database.db);
});
afterAll(() => database.close());

const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');

async function grantsOf(docId: DocId): Promise<string[]> {
  const grants = await database.db
    .selectFrom('document_grants')
    .select(['principal_id', 'role'])
    .where('doc_id', '=', docId)
    .execute();
  return grants.map(({ principal_id, role }) => `${principal_id} ${role}`);
}

it('a document without an owner is given to one later, and to nobody else after that', async () => {
  const docId = freshDoc();
  expect(await documents.claim(docId, 'alice', true)).toBe('owned');
  expect(await documents.claim(docId, null, true)).toBe('ownerless');
  expect(await documents.claim(docId, null, false)).toBe('ownerless');
  expect(await grantsOf(docId)).toEqual([]);
  expect(await documents.claim(docId, 'alice', false)).toBe('owned');
  expect(await documents.claim(docId, 'bob', false)).toBe('owned');
  expect(await documents.claim(docId, null, false)).toBe('owned');
  expect(await grantsOf(docId)).toEqual(['user:alice owner']);
});

it('whoever may only read a document that nobody owns becomes its owner', async () => {
  const docId = freshDoc();
  await documents.claim(docId, null, false);
  await database.db
    .insertInto('document_grants')
    .values({ doc_id: docId, principal_id: 'user:alice', role: 'viewer', granted_by: null })
    .execute();
  expect(await documents.claim(docId, 'alice', false)).toBe('owned');
  expect(await grantsOf(docId)).toEqual(['user:alice owner']);
});

it('a deleted document stays deleted', async () => {
  const docId = freshDoc();
  await setDeleted(database.db, docId, 0);
  expect(await documents.claim(docId, 'alice', false)).toBe('deleted');
  expect(await documents.claim(docId, null, true)).toBe('deleted');
  expect(await grantsOf(docId)).toEqual([]);
});

it('says so when the database does not answer', async () => {
  const url = await createDatabase(inject('postgresUrl'));
  const closed = await connectDatabase({ url }, { applicationName: 'closed' });
  await closed.close();
  const away = new ImportedDocuments(closed.db);
  await expect(away.claim(freshDoc(), null, true)).rejects.toBeInstanceOf(DocumentsUnavailable);
  await expect(away.userOf('a@b.example')).rejects.toBeInstanceOf(DocumentsUnavailable);
});
