import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seededRandom, seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { expectTokens, storedDocument } from '../testing/promise.ts';
import { RecordingClient } from '../testing/recording-client.ts';

describe('an edit made on one node while a worker saves', () => {
  let cluster: FaultCluster;
  let log: RedisUpdateLog;
  let snapshots: PostgresSnapshotStore;
  const clients: RecordingClient[] = [];
  beforeAll(async () => {
    // Folded soon and trimmed at once, so that a snapshot that lacks the edit would be all that is left.
    cluster = await startFaultCluster({ nodes: 2, env: { FOLD_DELAY_MS: '200', LOG_KEEP_SECONDS: '0' } });
    log = await RedisUpdateLog.connect({ url: cluster.redisUrl, name: 'test', onError: () => {} });
    snapshots = new PostgresSnapshotStore(cluster.database.db);
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await log.close();
    await cluster.stop();
  });

  const open = async (node: number, docId: DocId, name: string) => {
    const base = cluster.bases[node] ?? expect.fail('there is such a node');
    const random = seededRandom(seedFor(`${docId} ${name}`));
    const client = new RecordingClient({ name, docId, bases: [base], random, as: cluster.somebody });
    clients.push(client);
    await eventually(() => client.isSynced, { what: `${name} is synced` });
    return client;
  };
  const acknowledged = (client: RecordingClient) =>
    eventually(() => client.unacknowledged === 0, { what: 'its edits are acknowledged' });
  const savedText = async (docId: DocId) => {
    const doc = new Y.Doc();
    const snapshot = await snapshots.load(docId);
    if (snapshot) Y.applyUpdate(doc, snapshot.state);
    return doc.getText('content').toString();
  };
  const waitingCommits = async () => {
    const { rows } = await sql<{ count: number }>`
      SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND query ILIKE '%document_snapshots%'`.execute(cluster.database.db);
    return rows[0]?.count ?? 0;
  };

  it.each([
    { when: 'after the fold was computed, before its commit', held: 'commit' },
    { when: 'while the worker reads nothing of PostgreSQL', held: 'connection' },
  ] as const)(
    'SNAP1 LOG1 $when, its author gone at once: it is there, before and after fold and trim',
    async ({ held }) => {
      const docId = parseDocId(`saving-${held}`) ?? expect.fail('a document id');
      const stays = await open(0, docId, 'stays');
      for (let edits = 0; edits < 5; edits++) stays.type();
      await acknowledged(stays);
      await eventually(async () => (await savedText(docId)) === stays.text.toString(), {
        what: 'the first snapshot is committed',
        withinMs: 15_000,
      });

      const released = Promise.withResolvers<void>();
      const [worker] = cluster.workers;
      let holding: Promise<void> = Promise.resolve();
      if (held === 'commit') {
        const locked = Promise.withResolvers<void>();
        holding = cluster.database.db.transaction().execute(async (transaction) => {
          // Longer than the 10 s after which an edit is folded at the latest (SNAP5), and than the pool's own limit.
          await sql`SET LOCAL idle_in_transaction_session_timeout = '60s'`.execute(transaction);
          await transaction
            .selectFrom('document_snapshots')
            .select('doc_id')
            .where('doc_id', '=', docId)
            .forUpdate()
            .execute();
          locked.resolve();
          await released.promise;
        });
        await locked.promise;
      } else {
        worker?.toPostgres.hold('toClient');
      }
      stays.type();
      await acknowledged(stays);
      if (held === 'commit')
        await eventually(async () => (await waitingCommits()) > 0, {
          what: 'the worker waits to commit',
          withinMs: 20_000,
        });

      const author = await open(1, docId, 'author');
      const token = author.type();
      await acknowledged(author);
      author.provider.ws?.close();
      author.leave();

      const releasedAt = performance.now();
      released.resolve();
      worker?.toPostgres.mend();
      await holding;
      const everybody = [stays, author];
      await eventually(() => stays.text.toString().includes(token), { what: 'the other replica has it' });
      expectTokens(everybody, stays.text.toString());
      expectTokens(everybody, (await storedDocument(log, snapshots, docId)).getText('content').toString());

      await eventually(async () => (await savedText(docId)).includes(token), {
        what: 'it is in the snapshot',
        withinMs: 20_000,
      });
      const recoveredMs = Math.round(performance.now() - releasedAt);
      await eventually(async () => (await log.heads([docId]))[0]?.isEmpty !== false, {
        what: 'the log is trimmed',
        withinMs: 15_000,
      });
      expectTokens(everybody, await savedText(docId));
      for (const base of cluster.bases) {
        const newcomer = stockClient(base, docId, { presence: false, as: cluster.somebody });
        await newcomer.synced();
        expectTokens(everybody, newcomer.text.toString());
        newcomer.close();
      }
      recordRecovery(`an edit while a worker saves (${held} held), its author gone`, { recoveredMs });
    },
  );
});
