import { recordRecovery } from '@kryton/engine/testing/fault-record.ts';
import { seedFor } from '@kryton/engine/testing/seeded-random.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { watchBystanders } from '../testing/bystanders.ts';
import { Crowd } from '../testing/crowd.ts';
import { type FaultCluster, startFaultCluster } from '../testing/fault-cluster.ts';
import { lastingMs } from '../testing/lasting.ts';
import { expectPromiseKept } from '../testing/promise.ts';
import { startTroublemaker, type Troublemaker } from '../testing/troublemakers/start-troublemaker.ts';
import { troubles } from '../testing/troubles.ts';

const DOC_IDS = ['a', 'b', 'c'];
const SPELL_MS = lastingMs(10_000, 2_500);
const ROUNDS = lastingMs(3, 2);
/**
 * What a p99 may grow by beside its double. Below the widest gathering window (50 ms, ROOM2) a node decides freely when
 * it sends; the rest is what other processes may take on two cores: a dozen of them, one time slice of 4 ms each.
 */
const GRAIN_MS = 100;
/** 17 readers a node, each with a full outbox and one answer of half a megabyte; and as much again on its way. */
const OUTBOX_BYTES = 64 * 1024 * 1024;
const GROWTH_BYTES = 400 * 1024 * 1024;
const NAMES = troubleNames();

describe('everybody else, while one makes trouble', () => {
  let cluster: FaultCluster;
  let crowd: Crowd;
  beforeAll(async () => {
    cluster = await startFaultCluster({ nodes: 3, isDirect: true });
    const seed = seedFor('bystanders');
    crowd = new Crowd({ clients: 30, docIds: DOC_IDS, bases: cluster.bases, as: cluster.somebody, seed });
    await crowd.synced();
    crowd.startEditing();
    await crowd.progress(300);
  });
  afterEach(() => expect(crowd.clients.flatMap(({ closeCodes }) => closeCodes)).toEqual([]));
  afterAll(async () => {
    crowd.close();
    await cluster.stop();
  });

  it.each(NAMES)(
    'ROOM4 ROOM5 LOG9 %s: their p99 stays below twice of before, and what is allowed for noise and known stalls',
    async (name) => {
      const trouble = troubles(cluster, DOC_IDS).find((one) => one.name === name);
      if (!trouble) throw new Error(`no trouble is called ${name}`);
      const memory = cluster.nodes.map((node) => node.memoryBytes());
      let round = 0;
      const { before, during } = await watchBystanders({
        crowd,
        rounds: ROUNDS,
        spellMs: SPELL_MS,
        begin: async () => {
          const maker = await startTroublemaker(trouble.make(++round), cluster.somebody);
          return () => looked(maker, memory);
        },
      });
      expect(before.samples).toBeGreaterThan(200);
      expect(during.samples).toBeGreaterThan(200);
      expect(during.p99).toBeLessThan(2 * before.p99 + GRAIN_MS + (trouble.knownStallMs ?? 0));
      recordRecovery(name, { p99BeforeMs: Math.round(before.p99), p99DuringMs: Math.round(during.p99) });
    },
  );

  it('LOG1 what was acknowledged meanwhile is everywhere', async () => {
    crowd.stopEditing();
    await expectPromiseKept(cluster, crowd);
  });

  /** Looks at the bounds while the trouble lasts, then ends it. */
  async function looked(maker: Troublemaker, before: readonly number[]): Promise<void> {
    for (const [index, node] of cluster.nodes.entries()) {
      expect(await node.metric('kryton_outbox_bytes')).toBeLessThan(OUTBOX_BYTES);
      expect(node.memoryBytes() - (before[index] ?? 0)).toBeLessThan(GROWTH_BYTES);
    }
    await maker.stop();
  }
});

/** The names are known before there is a cluster. */
function troubleNames(): string[] {
  const nowhere = { bases: [], redisUrl: '', postgres: { url: '' } } as unknown as FaultCluster;
  return troubles(nowhere, DOC_IDS).map(({ name }) => name);
}
