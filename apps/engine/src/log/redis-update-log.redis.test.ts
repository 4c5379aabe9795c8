import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { startFaultProxy } from '../testing/services/fault-proxy.ts';
import { freePort } from '../testing/services/free-port.ts';
import { startRedis } from '../testing/services/redis-service.ts';
import { removeTemporaryDirectory, temporaryDirectory } from '../testing/services/temporary-directory.ts';
import { logKey, metaKey } from './keys.ts';
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
      await admin.del(logKey(docId), metaKey(docId));
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

  it('LOG4 SNAP3 a large entry neither hides the end of the log nor stays for ever', async () => {
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    const at = (seq: number) => ({ ...last, seq });
    const endsAt = async (seq: number) => {
      const [head] = await log.heads([docId]);
      expect(head?.last).toEqual(at(seq));
      expect((await log.open(docId, at(seq))).last).toEqual(at(seq));
    };
    await log.append(docId, last, Uint8Array.of(1));
    await log.append(docId, at(1), new Uint8Array(400_000));
    await endsAt(2);
    await log.append(docId, at(2), Uint8Array.of(3));
    await endsAt(3);
    // Young: the first entry goes only when the large one does not matter, and the large one stays.
    expect(await log.trim(docId, at(2), 60_000)).toBe(0);
    await endsAt(3);
    await eventually(async () => (await log.trim(docId, at(2), 0)) === 2, {
      what: 'both are trimmed',
    });
    await endsAt(3);
    expect(await admin.hmget(metaKey(docId), 'large', 'largeAt', 'last')).toEqual([null, null, null]);
    await log.append(docId, at(3), Uint8Array.of(4));
    await endsAt(4);
  });

  it('LOG7 all keys and channels of a document are in one hash slot', async () => {
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    await log.append(docId, last, Uint8Array.of(1));
    await log.trim(docId, { ...last, seq: 1 }, 60_000);
    const keys = await admin.keys(`*${docId}*`);
    expect(keys.toSorted()).toEqual([metaKey(docId), logKey(docId)].toSorted());
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
    for (const key of [logKey(docId), metaKey(docId)]) {
      expect(await admin.pttl(key)).toBeGreaterThan(590_000);
    }
    await admin.pexpire(logKey(docId), 60_000);
    await log.heads([docId]);
    expect(await admin.pttl(logKey(docId))).toBeLessThanOrEqual(60_000);
    await log.heads([docId], { isOpen: true });
    expect(await admin.pttl(logKey(docId))).toBeGreaterThan(590_000);
    await log.append(docId, end, Uint8Array.of(2));
    for (const key of [logKey(docId), metaKey(docId)]) expect(await admin.pttl(key)).toBe(-1);
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

  it('LOG3 a restart of Redis begins a new epoch, so that positions that were lost are never given out again', async () => {
    const dir = temporaryDirectory('redis');
    const port = await freePort();
    const first = await startRedis({ aof: true, dir, port });
    const log = await RedisUpdateLog.connect({ url: first.url, name: 'restarted', onError: quiet });
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    for (const byte of [1, 2, 3]) await log.append(docId, last, Uint8Array.of(byte));
    // Another node was cut off when the end of the log was written and lost: it knows position 1 only.
    const behind = { ...last, seq: 1 };
    const admin = new Redis(first.url);
    await admin.call('XTRIM', logKey(docId), 'MINID', '=', formatPosition({ ...last, seq: 1 }));
    await admin.xdel(logKey(docId), formatPosition({ ...last, seq: 2 }), formatPosition({ ...last, seq: 3 }));
    await admin.call('XSETID', logKey(docId), formatPosition(behind));
    admin.disconnect();
    await first.crash();
    const second = await startRedis({ aof: true, dir, port });
    const answer = await eventually(() => log.append(docId, behind, Uint8Array.of(9)), {
      what: 'Redis answers again',
      withinMs: 10_000,
    });
    expect(answer).toEqual({ kind: 'lost' });
    const opened = await log.open(docId, behind);
    expect(opened.last.epoch).toBeGreaterThan(last.epoch);
    expect(await log.append(docId, opened.last, Uint8Array.of(9))).toMatchObject({ kind: 'appended' });
    const page = await log.read(docId, ORIGIN, 10);
    expect(page.kind === 'entries' && page.entries.map(({ update }) => update[0])).toEqual([1, 9]);
    await log.close();
    await second.stop();
    removeTemporaryDirectory(dir);
  });

  it('LOG6 a connection that is up and answers nothing is replaced', async () => {
    const proxy = await startFaultProxy(Number(new URL(inject('redisUrl')).port));
    const url = `redis://127.0.0.1:${proxy.port}`;
    const log = await RedisUpdateLog.connect({ url, name: 'blackholed', onError: quiet });
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    // Only the connections of now: a new one would work, as after a failover behind an address translation.
    proxy.hold('toClient', /blackholed/);
    await eventually(async () => (await log.append(docId, last, Uint8Array.of(1))).kind === 'appended', {
      what: 'appending works over a new connection',
      withinMs: 10_000,
    });
    await log.close();
    await proxy.close();
  });

  it('LOG6 LOG3 after a failover the connection leaves the old Redis for the one that its name leads to now', async () => {
    const [old, promoted] = await Promise.all([startRedis({ aof: true }), startRedis({ aof: true })]);
    const name = await startFaultProxy(old.port);
    const log = await RedisUpdateLog.connect({
      url: `redis://127.0.0.1:${name.port}`,
      name: 'failover',
      onError: quiet,
    });
    const docId = freshDoc();
    const { last } = await log.open(docId, ORIGIN);
    await log.append(docId, last, Uint8Array.of(1));
    const admin = new Redis(old.url);
    name.lead(promoted.port);
    await admin.replicaof('127.0.0.1', String(promoted.port));
    await expect(log.append(docId, { ...last, seq: 1 }, Uint8Array.of(2))).rejects.toThrow('READONLY');
    // What the promoted one has not is a lost log: a new epoch begins.
    const answer = await eventually(() => log.append(docId, { ...last, seq: 1 }, Uint8Array.of(2)), {
      what: 'the promoted Redis answers',
      withinMs: 5_000,
    });
    expect(answer).toEqual({ kind: 'lost' });
    expect((await log.open(docId, { ...last, seq: 1 })).last.epoch).toBeGreaterThan(last.epoch);
    admin.disconnect();
    await log.close();
    await Promise.all([name.close(), old.stop(), promoted.stop()]);
  });
});
