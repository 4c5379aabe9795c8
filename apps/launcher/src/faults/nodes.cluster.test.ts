import { eventually } from '@kryton/engine/testing/eventually.ts';
import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, type FaultNode, startFaultCluster } from '../testing/fault-cluster.ts';
import { expectPromiseKept } from '../testing/promise.ts';

/** What Node runs first in the node whose clock is wrong: every date it makes is an hour late. */
const AN_HOUR_AHEAD = `
  const Real = Date;
  const now = () => Real.now() + 3_600_000;
  globalThis.Date = class extends Real {
    constructor(...parts) { parts.length === 0 ? super(now()) : super(...parts); }
    static now() { return now(); }
  };`;
const WRONG_CLOCK = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(AN_HOUR_AHEAD)}` };

describe('nodes that fail, leave and are wrong about the time, under thirty editing clients', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  let run = 0;
  beforeAll(async () => {
    cluster = await startFaultCluster({ nodes: 3, nodeEnv: (index) => (index === 2 ? WRONG_CLOCK : {}) });
  });
  afterEach(() => crowd.close());
  afterAll(() => cluster.stop());

  const edit = async (name: string): Promise<number> => {
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
    return performance.now();
  };
  const restart = async (node: FaultNode): Promise<void> => {
    await node.process().stop();
    await node.start();
  };

  it('LOG1 DRAIN2 a node killed with -9 in a burst: its clients are synced elsewhere within 5 s', async () => {
    const since = await edit('node killed');
    const [, killed] = cluster.nodes;
    await killed?.kill();
    await crowd.synced(5_000);
    await crowd.progress(100);
    const recoveredMs = Math.round(crowd.longestAbsenceMs(since));
    expect(recoveredMs).toBeLessThan(5_000);
    crowd.stopEditing();
    await killed?.start();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('a node killed with -9 in a burst', { recoveredMs });
  });

  it('DRAIN1 DRAIN2 all nodes restarted, one after the other: nobody is away for 5 s', async () => {
    const since = await edit('rolling restart');
    for (const node of cluster.nodes) await restart(node);
    await crowd.synced(5_000);
    await crowd.progress(100);
    const recoveredMs = Math.round(crowd.longestAbsenceMs(since));
    expect(recoveredMs).toBeLessThan(5_000);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('all nodes restarted one after the other', { recoveredMs });
  });

  it('DRAIN2 all nodes restarted at once: everybody is back 5 s after they are', async () => {
    await edit('all nodes restarted');
    await Promise.all(cluster.nodes.map(restart));
    const backAt = performance.now();
    await crowd.synced(5_000);
    const recoveredMs = Math.round(performance.now() - backAt);
    await crowd.progress(100);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('all nodes restarted at once', { recoveredMs });
  });

  it('LOG1 all nodes killed with -9 at once in a burst: nothing acknowledged is lost', async () => {
    await edit('all nodes killed');
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await Promise.all(cluster.nodes.map((node) => node.start()));
    const backAt = performance.now();
    await crowd.synced(5_000);
    const recoveredMs = Math.round(performance.now() - backAt);
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
    recordRecovery('all nodes killed with -9 at once', { recoveredMs });
  });

  it('SNAP5 LOG3 the clock of one node is an hour ahead: nothing changes', async () => {
    await edit('wrong clock');
    const [right, , ahead] = cluster.nodes;
    if (!right || !ahead) expect.fail('there are three nodes');
    const docId = 'of-the-node-that-is-ahead';
    const [one, other] = [
      stockClient(ahead.base, docId, { as: cluster.somebody }),
      stockClient(right.base, docId, { as: cluster.somebody }),
    ];
    one.awareness.setLocalStateField('user', { name: 'from the future' });
    await Promise.all([one.synced(), other.synced()]);
    one.text.insert(0, 'now');
    const editedAt = performance.now();
    await eventually(
      () => other.text.toString() === 'now' && other.awareness.getStates().has(one.doc.clientID),
      {
        what: 'the other node has its text and its presence',
        withinMs: 1_000,
      },
    );
    one.close();
    await eventually(
      async () =>
        (await cluster.database.db
          .selectFrom('document_snapshots')
          .select('doc_id')
          .where('doc_id', '=', docId)
          .executeTakeFirst()) ?? null,
      { what: 'its document is folded', withinMs: 10_000, everyMs: 100 },
    );
    recordRecovery('the clock of one node an hour ahead', {
      foldedMs: Math.round(performance.now() - editedAt),
    });
    other.close();
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
  });
});
