import { setTimeout as pause } from 'node:timers/promises';
import { logKey } from '@kryton/engine/log/keys.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import type { Direction } from '@kryton/engine/testing/services/fault-proxy.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, type FaultNode, startFaultCluster } from '../testing/fault-cluster.ts';
import { lastingMs } from '../testing/lasting.ts';
import { expectPromiseKept } from '../testing/promise.ts';
import type { RecordingClient } from '../testing/recording-client.ts';

/** Longer than REDIS_GRACE (15 s): by then the node has sent its clients away. */
const CUT_MS = lastingMs(30_000, 20_000);
/** LOG5 says 5 s; the rest is for a busy machine. */
const UNREADY_AFTER_MS = 6_500;
const QUIET_MS = 500;

/** What Redis had answered already may still be passed on: the acknowledgements of each when no more came for a while. */
async function whatArrivedStill(clients: readonly RecordingClient[]): Promise<Map<RecordingClient, number>> {
  const count = () => clients.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  let before = count();
  await eventually(
    async () => {
      await pause(QUIET_MS);
      const isQuiet = count() === before;
      before = count();
      return isQuiet;
    },
    { what: 'no more acknowledgements come from the cut node', withinMs: 3_000 },
  );
  return new Map(clients.map((client) => [client, client.acknowledged]));
}

describe('broken lines to Redis under thirty editing clients', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  let run = 0;
  beforeAll(async () => {
    cluster = await startFaultCluster({ nodes: 3 });
  });
  afterEach(() => {
    for (const { toRedis } of cluster.nodes) toRedis.mend();
    crowd.close();
  });
  afterAll(() => cluster.stop());

  const edit = async (name: string): Promise<FaultNode> => {
    run += 1;
    const docIds = ['a', 'b', 'c'].map((letter) => `${letter}-${run}`);
    crowd = new Crowd({
      clients: 30,
      docIds,
      bases: cluster.bases,
      as: cluster.somebody,
      seed: seedFor(name),
    });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(100);
    return cluster.nodes[0] ?? expect.fail('there is a node');
  };

  it.each<{ direction: Direction; what: string }>([
    { direction: 'toClient', what: 'from Redis' },
    { direction: 'toServer', what: 'to Redis' },
  ])(
    'LOG5 LOG6 a node that hears nothing $what for a while is not ready, acknowledges nothing and heals alone',
    async ({ direction, what }) => {
      const cut = await edit(`one direction held, ${what}`);
      const itsClients = crowd.on(0, 3);
      cut.toRedis.hold(direction);
      const heldAt = performance.now();
      const onCut = new Set(itsClients.filter(({ provider }) => provider.serverUrl.startsWith(cut.base)));
      expect(onCut.size).toBe(10);
      const acknowledged = await whatArrivedStill([...onCut]);
      let wereAcknowledged = 0;
      let servedFresh = 0;
      while (performance.now() - heldAt < CUT_MS) {
        for (const [client, before] of acknowledged) {
          if (!client.provider.serverUrl.startsWith(cut.base)) onCut.delete(client);
          if (onCut.has(client) && client.acknowledged > before) wereAcknowledged += 1;
        }
        if (performance.now() - heldAt > UNREADY_AFTER_MS && (await cut.isReady())) servedFresh += 1;
        await pause(100);
      }
      expect(wereAcknowledged).toBe(0);
      expect(servedFresh).toBe(0);
      // Others have worked on, and its clients have found them.
      expect(onCut.size).toBe(0);
      await eventually(() => itsClients.every(({ isSynced }) => isSynced), {
        what: 'its clients are synced elsewhere while it is still cut off',
        withinMs: 5_000,
      });
      cut.toRedis.mend();
      const mendedAt = performance.now();
      await eventually(() => cut.isReady(), { what: 'it heals alone', withinMs: 10_000 });
      const recoveredMs = Math.round(performance.now() - mendedAt);
      crowd.stopEditing();
      await expectPromiseKept(cluster, crowd);
      recordRecovery(`one node hears nothing ${what} for ${CUT_MS / 1_000} s`, { recoveredMs });
    },
  );

  it('LOG5 a subscription that is up and silent is noticed within 5 s without an edit, and healed', async () => {
    const deaf = await edit('silent subscription');
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    const onDeaf = stockClient(deaf.base, 'quiet', { as: cluster.somebody });
    const onOther = stockClient(cluster.bases[1] ?? '', 'quiet', { as: cluster.somebody });
    await Promise.all([onDeaf.synced(), onOther.synced()]);
    deaf.toRedis.hold('toClient', /:live/);
    const heldAt = performance.now();
    onOther.text.insert(0, 'said while it was deaf');
    await eventually(async () => !(await deaf.isReady()), { what: 'it is noticed', withinMs: 5_000 });
    const noticedMs = Math.round(performance.now() - heldAt);
    await eventually(() => deaf.isReady(), { what: 'it is healed', withinMs: 5_000 });
    const recoveredMs = Math.round(performance.now() - heldAt);
    await eventually(() => onDeaf.text.toString() === 'said while it was deaf', { what: 'it hears it' });
    onOther.text.insert(0, 'and live: ');
    await eventually(() => onDeaf.text.toString().startsWith('and live: '), {
      what: 'it hears what follows',
      withinMs: 1_000,
    });
    crowd.startEditing();
    await crowd.progress(60);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    onDeaf.close();
    onOther.close();
    recordRecovery('a subscription silently dead', { noticedMs, recoveredMs });
  });

  it('LOG4 an update whose message reached nobody is with everybody within 5 s without an edit', async () => {
    await edit('dropped message');
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    const docId = parseDocId('unheard') ?? expect.fail('it is a document id');
    const clients = cluster.bases.map((base) => stockClient(base, docId, { as: cluster.somebody }));
    await Promise.all(clients.map((client) => client.synced()));
    clients[0]?.text.insert(0, 'heard ');
    await eventually(() => clients.every(({ text }) => text.toString() === 'heard '), { what: 'all hear' });
    const doc = new Y.Doc();
    doc.getText('content').insert(0, 'unheard');
    const redis = new Redis(cluster.redisUrl);
    const [newest] = await redis.xrevrange(logKey(docId), '+', '-', 'COUNT', 1);
    const [epoch] = (newest?.[0] ?? '').split('-');
    // An append as the script makes one, without its message.
    const update = Buffer.from(Y.encodeStateAsUpdate(doc));
    await redis.xadd(logKey(docId), `${epoch}-*`, 't', String(Date.now()), 'u', update);
    const droppedAt = performance.now();
    await eventually(() => clients.every(({ text }) => text.toString().includes('unheard')), {
      what: 'everybody has what nobody was told',
      withinMs: 5_000,
    });
    recordRecovery('one pub/sub message dropped', { recoveredMs: Math.round(performance.now() - droppedAt) });
    for (const client of clients) client.close();
    await redis.quit();
  });
});
