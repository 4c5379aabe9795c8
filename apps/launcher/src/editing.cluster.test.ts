import { logKey } from '@kryton/engine/log/keys.ts';
import { encodeBarrier } from '@kryton/engine/protocol/frames.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { applyPatches, loadConcurrentTrace, loadLinearTrace } from '@kryton/engine/testing/editing-trace.ts';
import { eventually, withDeadline } from '@kryton/engine/testing/eventually.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { syntheticTrace } from '@kryton/engine/testing/synthetic-trace.ts';
import { replay } from '@kryton/engine/testing/trace-replay.ts';
import { type StockClient, stockClient } from '@kryton/server/testing/stock-client.ts';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningCommand, startCluster, startEmbedded } from './testing/commands.ts';

const LONG = parseDocId('long-history') ?? expect.fail('a document id');
/** In one message: stroke by stroke a quarter of a million of them would take a fast typist a day. */
const STROKES = 25;

describe('the product as it is started', () => {
  const clients: StockClient[] = [];
  let running: RunningCommand | null = null;
  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    await running?.stop();
    running = null;
  });

  const connect = async (base: string | undefined, docId: string): Promise<StockClient> => {
    const as = running?.somebody ?? expect.fail('somebody signed up');
    const client = stockClient(base ?? expect.fail('there is such a node'), docId, { as });
    clients.push(client);
    await client.synced();
    return client;
  };
  const everybodyHas = (expected: string, those: readonly StockClient[]) =>
    eventually(() => those.every(({ text }) => text.toString() === expected), {
      what: 'everybody has the whole text',
      withinMs: 30_000,
    });
  const closeAll = () => {
    for (const client of clients.splice(0)) client.close();
  };

  /** Resolves when everything that the client has sent is durable (WIRE5). */
  async function stored(client: StockClient): Promise<void> {
    await eventually(() => client.provider.synced, { what: 'the client is synced', withinMs: 10_000 });
    const durable = new Promise<void>((resolve) => {
      client.provider.messageHandlers[102] = (_encoder, decoder) => {
        decoder.pos = decoder.arr.length;
        resolve();
      };
    });
    const socket = client.provider.ws ?? expect.fail('a synced client has a socket');
    socket.send(Uint8Array.from(encodeBarrier(Uint8Array.of(1))));
    await withDeadline(() => durable, 30_000);
  }

  it('LOG1 SNAP2 two authors on two nodes of a cluster; a third reads; everything is stopped and started again', async () => {
    const trace = await loadConcurrentTrace();
    const dataDir = temporaryDirectory('acceptance');
    running = await startCluster(3, { dataDir });
    const docId = 'friendsforever';
    const authors = [await connect(running.nodes[0], docId), await connect(running.nodes[1], docId)];
    await replay(trace, { authors, textName: 'content' });
    await everybodyHas(trace.endContent, authors);
    const late = await connect(running.nodes[2], docId);
    expect(late.text.toString()).toBe(trace.endContent);
    await Promise.all(authors.map((author) => stored(author)));
    closeAll();
    await running.stop();
    running = await startCluster(3, { dataDir, somebody: running.somebody });
    for (const node of running.nodes) {
      const reader = await connect(node, docId);
      expect(reader.text.toString()).toBe(trace.endContent);
    }
  });

  it('LOG1 embedded: two authors on the two ports; the process is killed with -9 and nothing is lost', async () => {
    const trace = await loadConcurrentTrace();
    const dataDir = temporaryDirectory('acceptance');
    running = await startEmbedded({ dataDir });
    const docId = 'friendsforever';
    const authors = [await connect(running.nodes[0], docId), await connect(running.nodes[1], docId)];
    await replay(trace, { authors, textName: 'content' });
    await Promise.all(authors.map((author) => stored(author)));
    // What follows is on its way, acknowledged by nobody, when the process dies.
    for (let i = 0; i < 200; i++) authors[i % 2]?.text.insert(0, '?');
    running.process.kill('SIGKILL');
    await running.process.exited;
    closeAll();
    running = await startEmbedded({ dataDir, somebody: running.somebody });
    const reader = await connect(running.nodes[1], docId);
    // Some of it may have been stored; none of what was acknowledged may be missing.
    expect(reader.text.toString().replace(/^\?*/, '')).toBe(trace.endContent.replace(/^\?*/, ''));
  });

  /** Types the long trace through one client, 25 strokes a message, and waits until all of it is durable. */
  async function typeLongHistory(base: string | undefined): Promise<string> {
    const path = process.env['TRACE_FILE'];
    const trace = path ? await loadLinearTrace(path) : syntheticTrace();
    const author = await connect(base, LONG);
    for (let from = 0; from < trace.patches.length; from += STROKES) {
      applyPatches(author.text, trace.patches.slice(from, from + STROKES));
      if (from % 5_000 === 0) await stored(author);
    }
    await stored(author);
    expect(author.text.toString()).toBe(trace.endContent);
    return trace.endContent;
  }

  it('SNAP3 SNAP5 a long history is folded: its snapshot is the text, and Redis keeps no more than the safety tail', async () => {
    running = await startCluster(2, { env: { LOG_KEEP_SECONDS: '5' } });
    const endContent = await typeLongHistory(running.nodes[0]);
    const redis = new Redis(running.redisPort(), '127.0.0.1');
    await eventually(async () => (await redis.xlen(logKey(LONG))) === 0, {
      what: 'all is folded and nothing but the safety tail, here 5 s, was kept',
      withinMs: 60_000,
      everyMs: 500,
    });
    redis.disconnect();
    const reader = await connect(running.nodes[1], LONG);
    expect(reader.text.toString()).toBe(endContent);
  });

  it('LOG1 embedded: a long history is whole after kill -9 at the moment of its last acknowledgement', async () => {
    const dataDir = temporaryDirectory('acceptance');
    running = await startEmbedded({ dataDir });
    const endContent = await typeLongHistory(running.nodes[0]);
    running.process.kill('SIGKILL');
    await running.process.exited;
    closeAll();
    running = await startEmbedded({ dataDir, somebody: running.somebody });
    const reader = await connect(running.nodes[1], LONG);
    expect(reader.text.toString()).toBe(endContent);
  });
});
