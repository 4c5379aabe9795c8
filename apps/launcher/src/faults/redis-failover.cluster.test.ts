import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { hashSlot, SLOTS } from '@kryton/engine/redis/hash-slot.ts';
import { connectRedis } from '@kryton/engine/redis/redis-stores.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { type RedisShard, startRedisCluster } from '@kryton/engine/testing/services/redis-cluster-service.ts';
import { startRedisSentinel } from '@kryton/engine/testing/services/redis-sentinel-service.ts';
import { type Credentials, PAGE_ORIGIN, signUp } from '@kryton/server/testing/sign-up.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { expectPromiseKept, storedDocument } from '../testing/promise.ts';

const MASTERS = 3;
/** Until a server that does not answer counts as gone. */
const GONE_AFTER_MS = 2_000;

type Place = {
  readonly url: string;
  /** The master that is going to be killed, with two replicas: one takes over, and the other is waited for then. */
  readonly victim: RedisShard;
  /** Documents, the first of them at the victim. */
  readonly docIds: readonly string[];
  stop(): Promise<void>;
};

const shardOf = (key: string) => Math.floor((hashSlot(key) * MASTERS) / SLOTS);

async function onCluster(): Promise<Place> {
  // Where the jobs are.
  const victimAt = shardOf('{kry-jobs}');
  const replicas = Array.from({ length: MASTERS }, (_, index) => (index === victimAt ? 2 : 1));
  const cluster = await startRedisCluster({ masters: MASTERS, replicas, nodeTimeoutMs: GONE_AFTER_MS });
  const order = [victimAt, (victimAt + 1) % MASTERS, (victimAt + 2) % MASTERS];
  const names = Array.from({ length: 100 }, (_, index) => `failover-${index}`);
  return {
    url: cluster.url,
    victim: cluster.shards[victimAt] ?? expect.fail('there is such a shard'),
    docIds: order.map(
      (shard) => names.find((name) => shardOf(name) === shard) ?? expect.fail('a name for each'),
    ),
    stop: () => cluster.stop(),
  };
}

async function onSentinel(): Promise<Place> {
  const sentinel = await startRedisSentinel({ replicas: 2, downAfterMs: GONE_AFTER_MS });
  return {
    url: sentinel.url,
    victim: sentinel,
    docIds: ['failover-1', 'failover-2'],
    stop: () => sentinel.stop(),
  };
}

/** Which replica is the master now; null while none is. */
async function promoted({ replicas }: RedisShard) {
  for (const replica of replicas) {
    const redis = new Redis(replica.url, { replyMapping: 'legacy', retryStrategy: () => null });
    redis.on('error', () => {});
    const isMaster = await redis.info('replication').then(
      (info) => info.includes('role:master'),
      () => false,
    );
    redis.disconnect();
    if (isMaster) return replica;
  }
  return null;
}

describe.each([
  { name: 'a master of a Redis Cluster', start: onCluster },
  { name: 'a master behind Sentinel', start: onSentinel },
])('$name fails over', ({ name, start }) => {
  let place: Place;
  let cluster: FaultCluster;
  let crowd: Crowd;
  const closing: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    place = await start();
    closing.push(() => place.stop());
    cluster = await startFaultCluster({
      nodes: 2,
      redisUrl: place.url,
      env: { REDIS_WAIT_REPLICAS: '1', FOLD_DELAY_MS: '1000' },
    });
    closing.push(() => cluster.stop());
  });
  afterEach(() => crowd.close());
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  });

  const edit = async (as: Credentials) => {
    const { docIds } = place;
    crowd = new Crowd({ clients: docIds.length * 4, docIds, bases: cluster.bases, as, seed: seedFor(name) });
    await crowd.synced(20_000);
    crowd.startEditing();
    await crowd.progress(60, 20_000);
  };
  /** Resolves when everybody of these has an edit acknowledged that was made after this call. */
  const editingGoesOn = async (clients: Crowd['clients'], withinMs: number) => {
    const made = clients.map((client) => client.acknowledged + client.unacknowledged);
    await eventually(() => clients.every((client, index) => client.acknowledged > (made[index] ?? 0)), {
      what: 'new edits of everybody are acknowledged',
      withinMs,
    });
  };
  const folded = async (docId: string) => {
    const row = await cluster.database.db
      .selectFrom('document_snapshots')
      .select(['epoch', 'seq'])
      .where('doc_id', '=', docId)
      .executeTakeFirst();
    return row ? `${row.epoch}-${row.seq}` : null;
  };

  it('LOG1 LOG3 LOG7 editing goes on within 15 s, people sign in, kicks arrive, folds go on, and the promise is kept', async () => {
    await edit(cluster.somebody);
    const [atVictim = ''] = place.docIds;
    const away = crowd.clients.filter(({ docId }) => docId === atVictim);
    const others = crowd.clients.filter(({ docId }) => docId !== atVictim);
    await place.victim.master.crash();
    const killedAt = performance.now();
    await editingGoesOn(away, 15_000);
    const recoveredMs = Math.round(performance.now() - killedAt);
    await editingGoesOn(others, 15_000);
    const slowestMs = Math.round(Math.max(...crowd.ackTimes(killedAt)));
    expect(await promoted(place.victim)).not.toBeNull();

    // Each with sessions and counts of their own, in whichever slots.
    const people: Credentials[] = [];
    for (let count = 0; count < 4; count++) {
      people.push(
        await eventually(() => signUp(cluster.bases[count % 2] ?? ''), {
          what: 'somebody signs up',
          withinMs: 15_000,
        }),
      );
    }
    for (const [index, as] of people.entries()) {
      const guest = stockClient(cluster.bases[(index + 1) % 2] ?? '', `of-${index}-${crowd.acknowledged}`, {
        as,
      });
      await guest.synced();
      let code: number | null = null;
      guest.provider.on('connection-close', (event) => {
        code ??= event?.code ?? null;
      });
      const answer = await fetch(
        `${(cluster.bases[index % 2] ?? '').replace('ws', 'http')}/api/auth/sign-out`,
        {
          method: 'POST',
          headers: { ...as, 'content-type': 'application/json', origin: PAGE_ORIGIN },
          body: '{}',
        },
      );
      expect(answer.status).toBe(200);
      await eventually(() => code === 4401, { what: 'the kick arrives', withinMs: 10_000 });
      guest.close();
    }
    const before = await folded(atVictim);
    await eventually(async () => (await folded(atVictim)) !== before, {
      what: 'it is folded',
      withinMs: 45_000,
    });
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd, { withinMs: 20_000 });
    recordRecovery(`${name} killed with -9, failed over`, { recoveredMs, slowestAckMs: slowestMs });
  });

  it('LOG1 what was acknowledged under WAIT is there although master, nodes and clients are gone at once', async () => {
    await edit(cluster.somebody);
    const master = (await promoted(place.victim)) ?? expect.fail('one of them is the master');
    const gone = Promise.all([master.crash(), ...cluster.nodes.map((node) => node.kill())]);
    crowd.stopEditing();
    await gone;
    // Nobody brings anything back.
    for (const client of crowd.clients) client.leave();
    await eventually(
      () => promoted({ ...place.victim, replicas: place.victim.replicas.filter((each) => each !== master) }),
      {
        what: 'the last replica takes over',
        withinMs: 30_000,
      },
    );
    const redis = await connectRedis({ url: place.url, name: 'test', onError: () => {} });
    // The sentinels may tell where the old one was for a moment longer.
    const log = await eventually(() => redis.updateLog(), {
      what: 'the new master is found',
      withinMs: 30_000,
    });
    const snapshots = new PostgresSnapshotStore(cluster.database.db);
    for (const docId of place.docIds) {
      const stored = await storedDocument(log, snapshots, parseDocId(docId) ?? expect.fail('a document id'));
      const content = stored.getText('content').toString();
      const clients = crowd.clients.filter((client) => client.docId === docId);
      const promised = clients.flatMap((client) => [...client.promised()]);
      expect(promised.length).toBeGreaterThan(0);
      expect(promised.filter((token) => !content.includes(token))).toEqual([]);
    }
    await log.close();
    await redis.close();
  });
});
