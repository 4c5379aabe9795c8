import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { parseDocId } from '../protocol/ids.ts';
import { eventually } from '../testing/eventually.ts';
import { startFaultProxy } from '../testing/services/fault-proxy.ts';
import { startRedis } from '../testing/services/redis-service.ts';
import { ORIGIN } from './position.ts';
import { RedisUpdateLog } from './redis-update-log.ts';
import { LogUnavailable } from './update-log.ts';

const quiet = () => {};
const freshDoc = () => parseDocId(randomUUID()) ?? expect.fail('a UUID is a document id');

describe('a log that waits for replicas', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  /** A master, and a replica whose link to it can be held. */
  async function pair() {
    const master = await startRedis({ aof: false, args: ['--repl-diskless-sync-delay', '0'] });
    closing.push(() => master.stop());
    const link = await startFaultProxy(master.port);
    closing.push(() => link.close());
    const replica = await startRedis({ aof: false, args: ['--replicaof', `127.0.0.1 ${link.port}`] });
    closing.push(() => replica.stop());
    const admin = new Redis(replica.url, { replyMapping: 'legacy' });
    closing.push(() => admin.disconnect());
    await eventually(async () => (await admin.info('replication')).includes('master_link_status:up'), {
      what: 'the replica follows',
      withinMs: 20_000,
    });
    const connect = async (url: string, replicas: number) => {
      const log = await RedisUpdateLog.connect({ url, name: `wait-${replicas}`, onError: quiet, replicas });
      closing.push(() => log.close());
      return log;
    };
    return { master, link, admin, replica, connect };
  }

  it('LOG1 acknowledges, echoes and reads nothing of its own that no replica has', async () => {
    const { master, link, connect } = await pair();
    const [log, other] = [await connect(master.url, 1), await connect(master.url, 0)];
    const docId = freshDoc();
    const heard: number[] = [];
    const elsewhere: number[] = [];
    await log.subscribe(docId, { entry: ({ seq }) => heard.push(seq), presence: quiet });
    await other.subscribe(docId, { entry: ({ seq }) => elsewhere.push(seq), presence: quiet });
    const { last } = await log.open(docId, ORIGIN);
    expect(await log.append(docId, last, Uint8Array.of(1))).toMatchObject({ kind: 'appended' });
    await eventually(() => heard.includes(1) && elsewhere.includes(1), { what: 'both hear it' });
    link.hold('toClient');
    await expect(log.append(docId, { ...last, seq: 1 }, Uint8Array.of(2))).rejects.toThrow(
      '0 of 1 replicas have it',
    );
    // It is in the log, and others were told at once; who appended it must not take that for an acknowledgement.
    await eventually(() => elsewhere.includes(2), { what: 'another process hears it' });
    await expect(log.read(docId, last, 10)).rejects.toThrow(LogUnavailable);
    expect(heard).not.toContain(2);
    link.mend();
    await eventually(async () => (await log.read(docId, last, 10)).kind === 'entries', {
      what: 'it reads again',
    });
    expect(await log.append(docId, { ...last, seq: 1 }, Uint8Array.of(2))).toMatchObject({
      kind: 'appended',
    });
    await eventually(() => heard.includes(3), { what: 'the echo comes' });
    expect(heard).toEqual([0, 1, 2, 3]);
    // Many at once share their questions.
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 200 }, (_, i) => log.append(docId, last, Uint8Array.of(i))));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await eventually(() => heard.length === 204, { what: 'all echoes come' });
  });

  it('LOG1 what was acknowledged is on the promoted replica; without waiting it need not be', async () => {
    const { master, link, admin, replica, connect } = await pair();
    const [waits, trusts] = [await connect(master.url, 1), await connect(master.url, 0)];
    const docId = freshDoc();
    const { last } = await waits.open(docId, ORIGIN);
    for (const byte of [1, 2, 3]) await waits.append(docId, last, Uint8Array.of(byte));
    link.hold('toClient');
    const known = { ...last, seq: 3 };
    expect(await trusts.append(docId, known, Uint8Array.of(4))).toMatchObject({ kind: 'appended' });
    await expect(waits.append(docId, known, Uint8Array.of(5))).rejects.toThrow(LogUnavailable);
    link.cut();
    await master.crash();
    await admin.replicaof('NO', 'ONE');
    const promoted = await connect(replica.url, 0);
    const page = await promoted.read(docId, ORIGIN, 10);
    expect(page.kind === 'entries' && page.entries.map(({ update }) => update[0])).toEqual([1, 2, 3]);
    // Whoever saw the fourth begins a new epoch instead of filling its place.
    const end = { ...last, seq: 4 };
    expect(await promoted.append(docId, end, Uint8Array.of(4))).toEqual({ kind: 'lost' });
    expect((await promoted.open(docId, end)).last.epoch).toBeGreaterThan(last.epoch);
  });
});
