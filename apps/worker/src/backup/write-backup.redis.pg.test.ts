import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { ORIGIN } from '@kryton/engine/log/position.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { createDatabase } from '@kryton/engine/testing/services/postgres-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import { documentsOf, readStateOf } from './read-backup.ts';
import { writeBackup } from './write-backup.ts';

const heavy = createHeavyWork({ maxThreads: 1, memoryMb: 512 });
const dir = temporaryDirectory('backup');
let database: DatabaseConnection;
let log: RedisUpdateLog;
beforeAll(async () => {
  const url = await createDatabase(inject('postgresUrl'));
  database = await connectDatabase({ url }, { applicationName: 'test' });
  await migrate(database.db);
  log = await RedisUpdateLog.connect({ url: inject('redisUrl'), name: 'test', onError: () => {} });
});
afterAll(async () => {
  await Promise.all([heavy.close(), log.close(), database.close()]);
  removeTemporaryDirectory(dir);
});

it('finds every document wherever it is: row, snapshot, log, or some of them; but not what is deleted', async () => {
  const snapshots = new PostgresSnapshotStore(database.db);
  const written = async (text: string, where: readonly ('row' | 'deleted' | 'snapshot' | 'log')[]) => {
    const id = freshId();
    const doc = new Y.Doc();
    let position = ORIGIN;
    if (where.includes('row') || where.includes('deleted')) {
      const deletedAt = where.includes('deleted') ? new Date() : null;
      await database.db.insertInto('documents').values({ id, title: text, deleted_at: deletedAt }).execute();
    }
    if (where.includes('snapshot')) {
      doc.getText('content').insert(0, `${text} `);
      position = { epoch: 5, seq: 1 };
      const [state, stateVector] = [Y.encodeStateAsUpdate(doc), Y.encodeStateVector(doc)];
      await snapshots.commit(id, { position, state, stateVector });
    }
    if (where.includes('log')) {
      const known = Y.encodeStateVector(doc);
      const { last } = await log.open(id, position);
      doc.getText('content').insert(doc.getText('content').length, text);
      await log.append(id, last, Y.encodeStateAsUpdate(doc, known));
    }
    return id;
  };
  const expected = new Map([
    [await written('a', ['row']), ''],
    [await written('b', ['row', 'snapshot']), 'b '],
    [await written('c', ['row', 'log']), 'c'],
    [await written('d', ['row', 'snapshot', 'log']), 'd d'],
    [await written('e', ['snapshot']), 'e '],
    [await written('f', ['log']), 'f'],
    [await written('g', ['snapshot', 'log']), 'g g'],
  ]);
  const deleted = await written('h', ['deleted', 'log']);

  const lines: string[] = [];
  const print = (line: string) => void lines.push(line);
  const manifest = await writeBackup({ db: database.db, log, snapshots, folder: heavy, print }, dir);
  const found = new Map<DocId, string>();
  for await (const { id, state } of documentsOf(dir)) {
    // Other tests of this run have documents in the same Redis.
    if (!expected.has(id) && id !== deleted) continue;
    expect(found.has(id)).toBe(false);
    const doc = new Y.Doc();
    if (state) {
      Y.applyUpdate(doc, await readStateOf(dir, { id, state }));
      expect(Buffer.from(Y.encodeStateVector(doc)).toString('base64')).toBe(state.stateVector);
    }
    found.set(id, doc.getText('content').toString());
  }
  expect(new Map([...found].toSorted())).toEqual(new Map([...expected].toSorted()));
  expect(manifest.documents).toBe(readFileSync(join(dir, 'documents.jsonl'), 'utf8').split('\n').length - 1);
});

function freshId(): DocId {
  const id = parseDocId(randomUUID());
  if (id === null) throw new Error('a UUID is a document id');
  return id;
}
