/** The contract suites of everything that lives in Redis, on a real cluster of three masters. */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeMessageBus } from '../bus/message-bus.contract.ts';
import { parseRedisUrl } from '../config/redis-url.ts';
import { keyOf as rateKey } from '../counters/redis-shared-counters.ts';
import { describeSharedCounters } from '../counters/shared-counters.contract.ts';
import { BullMqJobProcessor } from '../jobs/bullmq-job-processor.ts';
import { BullMqJobQueue } from '../jobs/bullmq-job-queue.ts';
import { checkRedis } from '../jobs/check-redis.ts';
import { describeJobQueue } from '../jobs/job-queue.contract.ts';
import { logKey, metaKey } from '../log/keys.ts';
import { formatPosition, ORIGIN } from '../log/position.ts';
import { describeUpdateLog } from '../log/update-log.contract.ts';
import { LogUnavailable } from '../log/update-log.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { ROSTER_KEY } from '../roster/redis-roster.ts';
import { describeRoster } from '../roster/roster.contract.ts';
import { ageReports } from '../roster/testing/age-reports.ts';
import { keyOf as sessionKey } from '../sessions/redis-session-storage.ts';
import { describeSessionStorage } from '../sessions/session-storage.contract.ts';
import { ageKeys } from '../testing/age-keys.ts';
import { eventually } from '../testing/eventually.ts';
import { type RedisClusterService, startRedisCluster } from '../testing/services/redis-cluster-service.ts';
import { hashSlot, SLOTS } from './hash-slot.ts';
import { connectRedis, type RedisStores } from './redis-stores.ts';

const quiet = () => {};
const MASTERS = 3;

let cluster: RedisClusterService;
let here: RedisStores;
let there: RedisStores;
beforeAll(async () => {
  cluster = await startRedisCluster({ masters: MASTERS, aof: false });
  const options = { url: cluster.url, onError: quiet };
  here = await connectRedis({ ...options, name: 'contract-a' });
  there = await connectRedis({ ...options, name: 'contract-b' });
}, 60_000);
afterAll(async () => {
  await Promise.all([here.close(), there.close()]);
  await cluster.stop();
});

const shardOf = (key: string) => Math.floor((hashSlot(key) * MASTERS) / SLOTS);
const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');
/** A document whose slot the master at this index has. */
const freshDocOn = (index: number): DocId => {
  for (;;) {
    const docId = freshDoc();
    if (shardOf(docId) === index) return docId;
  }
};

/** Past everything that is tested, straight to the master that has the key. */
async function onMaster<Result>(key: string, call: (redis: Redis) => Promise<Result>): Promise<Result> {
  const { master } = cluster.shards[shardOf(key)] ?? expect.fail('each slot has a master');
  const redis = new Redis(master.url, { replyMapping: 'legacy' });
  try {
    return await call(redis);
  } finally {
    redis.disconnect();
  }
}

async function pass(ms: number, keys: readonly string[]): Promise<void> {
  for (const key of keys) await onMaster(key, (redis) => ageKeys(redis, [key], ms));
}

describeUpdateLog('Redis Cluster', async () => {
  const [log, other] = await Promise.all([here.updateLog(), there.updateLog()]);
  return {
    log,
    other,
    wipe: async (docId) => {
      await onMaster(docId, (redis) => redis.del(logKey(docId), metaKey(docId)));
    },
    rewind: async (docId, position) => {
      await onMaster(docId, async (redis) => {
        const lost = await redis.xrange(logKey(docId), `(${formatPosition(position)}`, '+');
        await redis.xdel(logKey(docId), ...lost.map(([id]) => id));
        await redis.call('XSETID', logKey(docId), formatPosition(position));
      });
    },
    stop: async () => {
      await Promise.all([log.close(), other.close()]);
    },
  };
});

describeMessageBus('Redis Cluster', async () => {
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const [one, two] = await Promise.all([
    connectRedis({ url: cluster.url, name: 'bus-a', onError }),
    connectRedis({ url: cluster.url, name: 'bus-b', onError }),
  ]);
  const [bus, other] = await Promise.all([one.messageBus(), two.messageBus()]);
  return {
    bus,
    other,
    errors,
    stop: async () => {
      await Promise.all([bus.close(), other.close(), one.close(), two.close()]);
    },
  };
});

describeSessionStorage('Redis Cluster', async () => {
  const [storage, other] = await Promise.all([here.sessionStorage(), there.sessionStorage()]);
  return {
    storage,
    other,
    pass: (ms, ...keys) => pass(ms, keys.map(sessionKey)),
    stop: async () => {
      await Promise.all([storage.close(), other.close()]);
    },
  };
});

describeSharedCounters('Redis Cluster', async () => {
  const [counters, other] = await Promise.all([here.sharedCounters(), there.sharedCounters()]);
  return {
    counters,
    other,
    pass: (ms, ...keys) => pass(ms, keys.map(rateKey)),
    stop: async () => {
      await Promise.all([counters.close(), other.close()]);
    },
  };
});

describeRoster('Redis Cluster', async () => {
  const [roster, other] = await Promise.all([here.roster(), there.roster()]);
  return {
    roster,
    other,
    pass: (ms, ...ids) => onMaster(ROSTER_KEY, (redis) => ageReports(redis, ids, ms)),
    stop: async () => {
      await Promise.all([roster.close(), other.close()]);
    },
  };
});

describeJobQueue('Redis Cluster', async () => {
  const options = { ...here.jobs, prefix: `{jobs-${randomUUID()}}` };
  const queue = await BullMqJobQueue.connect(options);
  return {
    queue,
    process: (handlers, each) => BullMqJobProcessor.start(options, handlers, each),
    stop: () => queue.close(),
  };
});

describe('a Redis Cluster', () => {
  it('LOG7 documents are spread over all masters, and each stays whole on one', async () => {
    const log = await here.updateLog();
    const docIds = Array.from({ length: MASTERS }, (_, index) => freshDocOn(index));
    for (const docId of docIds) {
      const { last } = await log.open(docId, ORIGIN);
      await log.append(docId, last, Uint8Array.of(1));
      const keys = await onMaster(docId, (redis) => redis.keys(`*${docId}*`));
      expect(keys.toSorted()).toEqual([metaKey(docId), logKey(docId)].toSorted());
    }
    const heads = await log.heads([...docIds, freshDoc()]);
    expect(heads.map((head) => head?.last.seq ?? null)).toEqual([1, 1, 1, null]);
    expect(await Array.fromAsync(log.documents())).toEqual(expect.arrayContaining(docIds));
    await log.close();
  });

  it('LOG7 LOG3 a document whose slot moves to another master is heard there and goes on in a new epoch', async () => {
    const [log, other] = await Promise.all([here.updateLog(), there.updateLog()]);
    const docId = freshDocOn(0);
    const heard: string[] = [];
    let interruptions = 0;
    await other.subscribe(docId, { entry: (at) => heard.push(formatPosition(at)), presence: quiet });
    const forget = other.onInterruption(() => interruptions++);
    const { last } = await log.open(docId, ORIGIN);
    await log.append(docId, last, Uint8Array.of(1));
    const [from, , to] = cluster.shards;
    await cluster.moveSlot(
      hashSlot(docId),
      from?.master ?? expect.fail('a first master'),
      to?.master ?? expect.fail('a third master'),
    );
    await eventually(() => interruptions > 0, { what: 'the subscription has moved', withinMs: 15_000 });
    const known = { ...last, seq: 1 };
    expect(await log.append(docId, known, Uint8Array.of(2))).toEqual({ kind: 'lost' });
    const opened = await log.open(docId, known);
    expect(opened).toMatchObject({ isEmpty: false, hasOthers: false });
    expect(await log.append(docId, opened.last, Uint8Array.of(2))).toMatchObject({ kind: 'appended' });
    const end = formatPosition({ ...opened.last, seq: 1 });
    await eventually(() => heard.includes(end), { what: 'it is heard from its new master' });
    const page = await log.read(docId, ORIGIN, 10);
    expect(page.kind === 'entries' && page.entries.map(({ update }) => update[0])).toEqual([1, 2]);
    forget();
    await Promise.all([log.close(), other.close()]);
  });

  it('LOG5 every master has a heartbeat: a node that one master does not reach is not ready', async () => {
    const log = await here.updateLog();
    expect(await log.canary('node', 5_000)).toBeGreaterThanOrEqual(0);
    const { master } = cluster.shards[1] ?? expect.fail('a second master');
    // Nobody may subscribe any more: what this master says is not heard.
    const admin = new Redis(master.url, { replyMapping: 'legacy' });
    await admin.acl('SETUSER', 'default', '-ssubscribe');
    await log.resubscribe();
    await eventually(
      () =>
        log.canary('node', 500).then(
          () => false,
          () => true,
        ),
      {
        what: 'the silence of one master is noticed',
      },
    );
    await admin.acl('SETUSER', 'default', '+ssubscribe');
    await log.resubscribe();
    await eventually(() => log.canary('node', 1_000), { what: 'all are heard again', withinMs: 10_000 });
    admin.disconnect();
    await log.close();
  });

  it('is looked at master by master before a start', async () => {
    const warnings = await checkRedis(cluster.url, { replicas: 1 });
    for (const { master } of cluster.shards) {
      const place = `Redis at 127.0.0.1:${master.port}`;
      expect(warnings).toContainEqual(expect.stringContaining(`${place} keeps no AOF`));
      expect(warnings).toContainEqual(expect.stringContaining(`${place} has 0 replicas`));
    }
    await expect(checkRedis('redis+cluster://127.0.0.1:1')).rejects.toThrow(
      'Redis is unreachable at the cluster of 127.0.0.1:1',
    );
    await expect(checkRedis('redis+cluster://one/3')).rejects.toThrow('REDIS_URL names a database');
  });

  it('tells of each master what it says of itself', async () => {
    const jobs = await BullMqJobQueue.connect(here.jobs);
    const ports = (await jobs.storeInfos()).map((info) => Number(/^tcp_port:(\d+)/m.exec(info)?.[1]));
    expect(ports.sort()).toEqual(cluster.shards.map(({ master }) => master.port).sort());
    await jobs.close();
  });

  it('names what is wrong when no server answers', async () => {
    const url = 'redis+cluster://127.0.0.1:1,127.0.0.1:2';
    expect(parseRedisUrl(url).kind).toBe('cluster');
    await expect(connectRedis({ url, name: 'lonely', onError: quiet })).rejects.toThrow(
      'no server of the Redis Cluster answers',
    );
  });

  // The last one: nobody takes over here.
  it('LOG5 LOG6 while one master is away its documents are refused in time, and those of the others go on', async () => {
    const log = await here.updateLog();
    const [well, hit] = [freshDocOn(0), freshDocOn(1)];
    const [a, b] = [await log.open(well, ORIGIN), await log.open(hit, ORIGIN)];
    const heard: number[] = [];
    await log.subscribe(well, { entry: ({ seq }) => heard.push(seq), presence: quiet });
    await cluster.shards[1]?.master.crash();
    const startedAt = performance.now();
    await expect(log.append(hit, b.last, Uint8Array.of(1))).rejects.toThrow(LogUnavailable);
    await expect(log.heads([hit])).rejects.toThrow(LogUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(await log.append(well, a.last, Uint8Array.of(1))).toMatchObject({ kind: 'appended' });
    await eventually(() => heard.includes(1), { what: 'it is heard' });
    expect(await log.canary('node', 2_000)).toBeGreaterThanOrEqual(0);
    await log.close();
  });
});
