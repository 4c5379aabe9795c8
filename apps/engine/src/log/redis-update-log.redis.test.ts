import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { startRedis } from '../testing/services/redis-service.ts';
import { coveredKey, logKey } from './keys.ts';
import { formatPosition, ORIGIN } from './position.ts';
import { RedisUpdateLog } from './redis-update-log.ts';
import { describeUpdateLog } from './update-log.contract.ts';
import { LogUnavailable } from './update-log.ts';

const quiet = () => {};

describeUpdateLog('Redis Streams', async () => {
  const url = inject('redisUrl');
  const admin = new Redis(url);
  const log = await RedisUpdateLog.connect({ url, name: 'contract-a', onError: quiet });
  const other = await RedisUpdateLog.connect({ url, name: 'contract-b', onError: quiet });
  return {
    log,
    other,
    wipe: async (docId) => {
      await admin.del(logKey(docId), coveredKey(docId));
    },
    rewind: async (docId, position) => {
      const lost = await admin.xrange(logKey(docId), `(${formatPosition(position)}`, '+');
      await admin.xdel(logKey(docId), ...lost.map(([id]) => id));
      await admin.call('XSETID', logKey(docId), formatPosition(position));
    },
    stop: async () => {
      await Promise.all([log.close(), other.close()]);
      admin.disconnect();
    },
  };
});

describe('RedisUpdateLog', () => {
  let admin: Redis;
  let log: RedisUpdateLog;
  beforeAll(async () => {
    admin = new Redis(inject('redisUrl'));
    log = await RedisUpdateLog.connect({ url: inject('redisUrl'), name: 'details', onError: quiet });
  });
  afterAll(async () => {
    await log.close();
    admin.disconnect();
  });
  const freshDoc = (): DocId => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');

  it('LOG7 all keys and channels of a document are in one hash slot', async () => {
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    await log.append(docId, last, Uint8Array.of(1));
    await log.trim(docId, { ...last, seq: 1 }, 60_000);
    const keys = await admin.keys(`*${docId}*`);
    expect(keys.toSorted()).toEqual([coveredKey(docId), logKey(docId)].toSorted());
    for (const key of keys) expect(key).toContain(`{${docId}}`);
  });

  it('SNAP7 a log that is covered to its end expires, and opening or appending keeps it', async () => {
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    // Opened and never written to: it leaves again.
    expect(await admin.pttl(logKey(docId))).toBeGreaterThan(590_000);
    const end = { ...last, seq: 1 };
    await log.append(docId, last, Uint8Array.of(1));
    expect(await admin.pttl(logKey(docId))).toBe(-1);
    await log.trim(docId, end, 0);
    for (const key of [logKey(docId), coveredKey(docId)]) {
      expect(await admin.pttl(key)).toBeGreaterThan(590_000);
    }
    await admin.pexpire(logKey(docId), 60_000);
    await log.heads([docId]);
    expect(await admin.pttl(logKey(docId))).toBeLessThanOrEqual(60_000);
    await log.heads([docId], { isOpen: true });
    expect(await admin.pttl(logKey(docId))).toBeGreaterThan(590_000);
    await log.append(docId, end, Uint8Array.of(2));
    for (const key of [logKey(docId), coveredKey(docId)]) expect(await admin.pttl(key)).toBe(-1);
  });

  it('LOG8 one append is one publish', async () => {
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    const monitor = await new Redis(inject('redisUrl')).monitor();
    const seen: string[] = [];
    monitor.on('monitor', (_time: string, args: string[]) => {
      if (args.some((arg) => arg.includes(docId))) seen.push(String(args[0]).toUpperCase());
    });
    await log.append(docId, last, Uint8Array.of(1));
    await eventually(() => seen.includes('SPUBLISH'), { what: 'the publish is seen' });
    expect(seen.filter((command) => command === 'SPUBLISH')).toHaveLength(1);
    expect(seen.filter((command) => command === 'XADD')).toHaveLength(1);
    monitor.disconnect();
  });

  it('LOG5 a cut subscription comes back and says that messages may have been missed', async () => {
    const docId = freshDoc();
    const heard: number[] = [];
    await log.subscribe(docId, { entry: ({ seq }) => heard.push(seq), presence() {} });
    let interruptions = 0;
    const forget = log.onInterruption(() => interruptions++);
    await log.resubscribe();
    await eventually(() => interruptions === 1, { what: 'the interruption is reported' });
    const { last } = await log.open(docId, ORIGIN);
    await log.append(docId, last, Uint8Array.of(1));
    await eventually(() => heard.includes(1), { what: 'entries are heard again' });
    forget();
  });

  it('LOG6 without Redis every call is rejected in bounded time, and works again when it is back', async () => {
    const redis = await startRedis({ aof: true });
    const lonely = await RedisUpdateLog.connect({ url: redis.url, name: 'lonely', onError: quiet });
    const docId = freshDoc();
    const { last } = await lonely.open(docId, ORIGIN);
    process.kill(redis.process.pid, 'SIGSTOP');
    const startedAt = performance.now();
    await expect(lonely.append(docId, last, Uint8Array.of(1))).rejects.toThrow(LogUnavailable);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await expect(lonely.canary('lonely', 500)).rejects.toThrow(LogUnavailable);
    process.kill(redis.process.pid, 'SIGCONT');
    await eventually(async () => (await lonely.append(docId, last, Uint8Array.of(2))).kind === 'appended', {
      what: 'appending works again',
      withinMs: 10_000,
    });
    await lonely.close();
    await redis.stop();
  });
});
