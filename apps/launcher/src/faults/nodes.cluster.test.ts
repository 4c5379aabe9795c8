import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { expectPromiseKept } from '../testing/promise.ts';

describe('nodes that are killed under thirty editing clients', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  let run = 0;
  beforeAll(async () => {
    cluster = await startFaultCluster({ nodes: 3 });
  });
  afterEach(() => crowd.close());
  afterAll(() => cluster.stop());

  const edit = async (name: string) => {
    run += 1;
    const docIds = ['a', 'b', 'c'].map((letter) => `${letter}-${run}`);
    crowd = new Crowd({ clients: 30, docIds, bases: cluster.bases, seed: seedFor(name) });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(100);
    return performance.now();
  };

  it('LOG1 DRAIN2 a node killed with -9 in a burst: its clients are synced elsewhere within 5 s', async () => {
    const since = await edit('node killed');
    const [, killed] = cluster.nodes;
    await killed?.kill();
    await crowd.synced(5_000);
    await crowd.progress(100);
    expect(crowd.longestAbsenceMs(since)).toBeLessThan(5_000);
    crowd.stopEditing();
    await killed?.start();
    await expectPromiseKept(cluster, crowd);
  });
});
