import { logKey, metaKey } from '@kryton/engine/log/keys.ts';
import type { LogListener, UpdateLog } from '@kryton/engine/log/update-log.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { afterEach, describe, expect, inject, it } from 'vitest';
import * as Y from 'yjs';
import { rawClient } from '../testing/raw-client.ts';
import { converged, type StockClient, stockClient } from '../testing/stock-client.ts';
import { baseOf, freshDoc, nodeAt, startTestCluster, type TestCluster } from '../testing/test-cluster.ts';

/** A log that loses announcements on the way to its node while `isLosing` says so. */
function losingMessages(isLosing: () => boolean): (log: UpdateLog) => UpdateLog {
  return (log) =>
    new Proxy(log, {
      get(target, property) {
        if (property === 'subscribe') {
          return (docId: Parameters<UpdateLog['subscribe']>[0], listener: LogListener) =>
            target.subscribe(docId, {
              entry: (position, update) => {
                if (!isLosing()) listener.entry(position, update);
              },
              presence: (message) => listener.presence(message),
            });
        }
        const value: unknown = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
}

describe('healing', () => {
  let cluster: TestCluster;
  const clients: StockClient[] = [];
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await cluster.stop();
  });
  const urls = () => ({ redisUrl: inject('redisUrl'), postgresUrl: inject('postgresUrl') });
  const stock = (node: number, docId: string) => {
    const client = stockClient(baseOf(nodeAt(cluster, node)), docId);
    clients.push(client);
    return client;
  };

  it('LOG2 a receiver that sees a gap reads the log from its own position', async () => {
    let losing = false;
    cluster = await startTestCluster(urls(), [{}, { between: losingMessages(() => losing) }]);
    const docId = freshDoc();
    const [one, two] = [stock(0, docId), stock(1, docId)];
    await Promise.all([one.synced(), two.synced()]);
    losing = true;
    one.text.insert(0, 'lost ');
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) === 1, {
      what: 'the edit is in the log',
    });
    losing = false;
    one.text.insert(5, 'and found');
    await eventually(() => two.text.toString() === 'lost and found', {
      what: 'both edits arrive',
      withinMs: 1_500,
    });
    expect(await nodeAt(cluster, 1).metric('kryton_resyncs_total', 'gap')).toBe(1);
  });

  it('LOG4 a dropped message heals within 5 s without another edit', async () => {
    let losing = false;
    cluster = await startTestCluster(urls(), [{}, { between: losingMessages(() => losing) }]);
    const docId = freshDoc();
    const [one, two] = [stock(0, docId), stock(1, docId)];
    await Promise.all([one.synced(), two.synced()]);
    losing = true;
    one.text.insert(0, 'quiet');
    await eventually(() => two.text.toString() === 'quiet', { what: 'the edit arrives', withinMs: 5_000 });
    expect(await nodeAt(cluster, 1).metric('kryton_resyncs_total', 'tail')).toBe(1);
  });

  it('LOG2 a large update that arrives while the document loads for a newcomer is not left out', async () => {
    let gate: Promise<void> | null = null;
    const held = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const slowReads = (log: UpdateLog): UpdateLog =>
      new Proxy(log, {
        get(target, property) {
          if (property === 'read') {
            return async (...args: Parameters<UpdateLog['read']>) => {
              const page = await target.read(...args);
              if (gate !== null) held.resolve();
              await gate;
              return page;
            };
          }
          const value: unknown = Reflect.get(target, property);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    // Room for one base state: opening the second document gives up that of the first.
    cluster = await startTestCluster(urls(), [{ between: slowReads, limits: { cacheBytes: 1 } }]);
    const docId = freshDoc();
    const author = stock(0, docId);
    await author.synced();
    author.text.insert(0, 'small, ');
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) === 1, {
      what: 'it is in the log',
    });
    await stock(0, freshDoc()).synced();
    gate = released.promise;
    // It answers no question: a stock client would bring back what the node lacks.
    const newcomer = await rawClient(nodeAt(cluster, 0).port, docId);
    await held.promise;
    author.text.insert(0, 'large '.repeat(20_000));
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) === 2, {
      what: 'the paste is in the log',
    });
    author.text.insert(0, 'last ');
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) === 3, {
      what: 'so is what follows',
    });
    gate = null;
    released.resolve();
    await newcomer.next('sync-step-1');
    // Served from what was loaded for the newcomer.
    expect(await converged([author, stock(0, docId)])).toContain('last large');
    newcomer.close();
  });

  it('LOG3 when the log is lost, what any client holds comes back in a new epoch', async () => {
    cluster = await startTestCluster(urls(), [{}, {}]);
    const docId = freshDoc();
    const [one, two] = [stock(0, docId), stock(1, docId)];
    await Promise.all([one.synced(), two.synced()]);
    one.text.insert(0, 'before the loss');
    await converged([one, two]);
    const [before] = await nodeAt(cluster, 0).log.heads([docId]);
    await cluster.redis.del(logKey(docId), metaKey(docId));
    two.text.insert(0, '> ');
    expect(await converged([one, two])).toBe('> before the loss');
    const late = stock(0, docId);
    await late.synced();
    await eventually(() => late.text.toString() === '> before the loss', {
      what: 'a newcomer sees all of it',
    });
    const [after] = await nodeAt(cluster, 0).log.heads([docId]);
    expect(after?.last.epoch).toBeGreaterThan(before?.last.epoch ?? 0);
  });

  it('LOG3 what the log lost and only a node still holds comes back, text and deletes', async () => {
    cluster = await startTestCluster(urls(), [{}]);
    const docId = freshDoc();
    const author = await rawClient(nodeAt(cluster, 0).port, docId);
    const doc = new Y.Doc();
    doc.on('update', (update) => author.update(update));
    doc.getText('content').insert(0, 'acknowledged, and its author gone');
    doc.getText('content').delete(0, 14);
    author.barrier(1);
    await author.next('barrier');
    author.close();
    await author.closed;
    await cluster.redis.del(logKey(docId), metaKey(docId));
    // The room stays for a few seconds after the last member left; the comparison of tails finds the loss.
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) > 0, {
      what: 'it came back',
      withinMs: 6_000,
    });
    await eventually(async () => (await nodeAt(cluster, 0).metric('kryton_documents')) === 0, {
      what: 'the node has closed the document',
      withinMs: 10_000,
    });
    const late = stock(0, docId);
    await late.synced();
    expect(late.text.toString()).toBe('and its author gone');
  });

  it('LOG3 LOG4 a lost log is noticed without an edit too', async () => {
    cluster = await startTestCluster(urls(), [{}, {}]);
    const docId = freshDoc();
    const one = stock(0, docId);
    await one.synced();
    one.text.insert(0, 'held by a client');
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) === 1, {
      what: 'the edit is in the log',
    });
    await cluster.redis.del(logKey(docId));
    await eventually(async () => (await cluster.redis.xlen(logKey(docId))) > 0, {
      what: 'it came back',
      withinMs: 6_000,
    });
    const late = stock(1, docId);
    await late.synced();
    await eventually(() => late.text.toString() === 'held by a client', {
      what: 'a newcomer on the other node sees it',
    });
  });

  it('LOG5 LOG6 while Redis does not answer nothing is acknowledged and the node is not ready; then it heals', async () => {
    const redis = await startRedis({ aof: true });
    cluster = await startTestCluster({ ...urls(), redisUrl: redis.url }, [{}]);
    const { port } = nodeAt(cluster, 0);
    const docId = freshDoc();
    const client = await rawClient(port, docId);
    client.barrier(1);
    await client.next('barrier');
    process.kill(redis.process.pid, 'SIGSTOP');
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'kept');
    client.update(Y.encodeStateAsUpdate(doc));
    client.barrier(2);
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 503, {
      what: 'the node is not ready',
      withinMs: 10_000,
    });
    expect((await fetch(`http://127.0.0.1:${port}/livez`)).status).toBe(200);
    await expect(rawClient(port, docId)).rejects.toThrow('HTTP 503');
    expect(client.frames.filter(({ kind }) => kind === 'barrier')).toHaveLength(1);
    process.kill(redis.process.pid, 'SIGCONT');
    await client.next('barrier', 2);
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).status === 200, {
      what: 'the node is ready again',
      withinMs: 10_000,
    });
    const late = stock(0, docId);
    await late.synced();
    expect(late.text.toString()).toBe('kept');
    client.close();
    await redis.stop();
  });

  it('LOG6 after the grace time sockets close with 4503, and nothing was acknowledged', async () => {
    const redis = await startRedis({ aof: true });
    cluster = await startTestCluster({ ...urls(), redisUrl: redis.url }, [{ limits: { graceMs: 1_000 } }]);
    const client = await rawClient(nodeAt(cluster, 0).port, freshDoc());
    await client.next('sync-step-1');
    process.kill(redis.process.pid, 'SIGSTOP');
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'not acknowledged');
    client.update(Y.encodeStateAsUpdate(doc));
    client.barrier(1);
    expect((await client.closed).code).toBe(4503);
    expect(client.frames.some(({ kind }) => kind === 'barrier')).toBe(false);
    process.kill(redis.process.pid, 'SIGCONT');
    await redis.stop();
  });

  it('LOG6 after the grace time who only reads is sent away too, because what is shown is no longer fresh', async () => {
    const redis = await startRedis({ aof: true });
    cluster = await startTestCluster({ ...urls(), redisUrl: redis.url }, [{ limits: { graceMs: 2_000 } }]);
    const reader = await rawClient(nodeAt(cluster, 0).port, freshDoc());
    await reader.next('sync-step-1');
    process.kill(redis.process.pid, 'SIGSTOP');
    expect((await reader.closed).code).toBe(4503);
    process.kill(redis.process.pid, 'SIGCONT');
    await redis.stop();
  });

  it('LOG6 with Redis away writers of many documents wait in their sockets, not in the node, and lose nothing', {
    timeout: 60_000,
  }, async () => {
    const MIB = 1024 * 1024;
    const redis = await startRedis({ aof: true });
    cluster = await startTestCluster({ ...urls(), redisUrl: redis.url }, [{ limits: { pendingBytes: MIB } }]);
    const node = nodeAt(cluster, 0);
    // More than the buffers of a connection hold.
    const pastes = 240;
    const docIds = Array.from({ length: 3 }, freshDoc);
    const writers = await Promise.all(docIds.map((docId) => rawClient(node.port, docId)));
    await Promise.all(writers.map((writer) => writer.next('sync-step-1')));
    process.kill(redis.process.pid, 'SIGSTOP');
    const docs = writers.map((writer) => {
      const doc = new Y.Doc();
      doc.on('update', (update) => writer.update(update));
      for (let paste = 0; paste < pastes; paste++) doc.getText('content').insert(0, 'x'.repeat(50_000));
      writer.barrier(1);
      return doc;
    });
    let most = 0;
    await eventually(
      async () => {
        most = Math.max(most, await node.metric('kryton_pending_bytes'));
        return writers.every(({ socket }) => socket.bufferedAmount > 0) && most > MIB;
      },
      { what: 'all writers wait in their sockets' },
    );
    // Each of the three may have been heard out with one message when the budget was reached.
    expect(most).toBeLessThan(MIB + 3 * 51_000);
    expect(writers.some(({ frames }) => frames.some(({ kind }) => kind === 'barrier'))).toBe(false);
    process.kill(redis.process.pid, 'SIGCONT');
    // Megabytes, on a machine that may have other things to do.
    await Promise.all(writers.map((writer) => writer.next('barrier', 1, 30_000)));
    for (const [index, docId] of docIds.entries()) {
      const reader = stock(0, docId);
      await reader.synced();
      expect(reader.text.length).toBe(docs[index]?.getText('content').length);
    }
    for (const writer of writers) writer.close();
    await redis.stop();
  });

  it('LOG9 an entry that cannot be read is passed over and counted; the document goes on', async () => {
    cluster = await startTestCluster(urls(), [{}, {}]);
    const [docId, otherId] = [freshDoc(), freshDoc()];
    const [one, two, other] = [stock(0, docId), stock(1, docId), stock(1, otherId)];
    await Promise.all([one.synced(), two.synced(), other.synced()]);
    one.text.insert(0, 'good');
    await converged([one, two]);
    const head = await nodeAt(cluster, 0).log.heads([docId]);
    const known = head[0]?.last ?? expect.fail('the log is there');
    await nodeAt(cluster, 0).log.append(docId, known, Uint8Array.of(9, 9, 9, 9));
    one.text.insert(4, ' and more');
    other.text.insert(0, 'elsewhere');
    expect(await converged([one, two])).toBe('good and more');
    expect(one.losses() + two.losses()).toBe(0);
    expect(await nodeAt(cluster, 1).metric('kryton_set_aside_total')).toBe(1);
    const late = stock(0, docId);
    await late.synced();
    expect(late.text.toString()).toBe('good and more');
  });
});
