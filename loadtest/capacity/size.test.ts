import { describe, expect, it } from 'vitest';
import type { Costs } from './costs.ts';
import { organisation } from './load.ts';
import { predict } from './prediction.ts';
import { BUSY_AT_MOST, NODE_MB, nodeBears, sizeFor } from './size.ts';

const COSTS: Costs = {
  cpuUs: {
    node: {
      processes: 10_000,
      connections: 1,
      edits: 100,
      batches: 100,
      heard: 50,
      writes: 15,
      opens: 1_000,
    },
    redis: { processes: 5_000, batches: 60, heard: 10, jobs: 150, opens: 80 },
    worker: { processes: 5_000, jobs: 500, folds: 1_000 },
    database: { folds: 500, opens: 100 },
  },
  memory: { nodeMb: 150, perConnectionKb: 20, perRoomKb: 10 },
};
const ONE = { nodes: 1, shards: 1, workers: 1 };
const idle = (connections: number) => ({
  kinds: [{ documents: connections / 2, people: 2, editors: 0, editsPerS: 0 }],
  opensPerS: 0,
  isApart: false,
});

describe('a prediction', () => {
  it('adds up what each unit of work costs', () => {
    const kinds = [{ documents: 100, people: 3, editors: 1, editsPerS: 0.01 }];
    const { node, nodeMb, work } = predict({ kinds, opensPerS: 2, isApart: false }, ONE, COSTS);
    expect(work).toMatchObject({ connections: 300, rooms: 100, edits: 1, opens: 2 });
    expect(work.batches).toBeCloseTo(1, 2);
    expect(work.writes).toBeCloseTo(3, 1);
    expect(node).toBeCloseTo((10_000 + 300 + 100 + 100 + 50 + 45 + 2_000) / 1e6, 4);
    expect(nodeMb).toBeCloseTo(150 + (300 * 20 + 100 * 10) / 1_024, 6);
  });

  it('counts a document on every node that somebody has it open on, unless its people are kept together', () => {
    const load = organisation(1_000);
    const heard = (isApart: boolean) => {
      const { work } = predict({ ...load, isApart }, { ...ONE, nodes: 4 }, COSTS);
      return work.heard / work.batches;
    };
    expect(heard(true)).toBe(1);
    expect(heard(false)).toBeGreaterThan(3.9);
  });

  it('spreads documents over the shards of Redis and leaves the jobs on one', () => {
    const on = (shards: number) => predict(organisation(100_000), { ...ONE, shards }, COSTS);
    const jobs = (5_000 + 150 * on(1).work.jobs) / 1e6;
    expect(on(1e9).shard).toBeCloseTo(jobs, 6);
    expect(on(2).shard - jobs).toBeCloseTo((on(1).shard - jobs) / 2, 6);
  });
});

describe('a size', () => {
  it('is the smallest cluster in which every process stays below its bound', () => {
    const load = organisation(50_000);
    const { cluster, prediction } = sizeFor(load, COSTS);
    expect(prediction.node).toBeLessThanOrEqual(BUSY_AT_MOST);
    expect(prediction.worker).toBeLessThanOrEqual(BUSY_AT_MOST);
    const smaller = predict(load, { ...cluster, nodes: cluster.nodes - 1 }, COSTS);
    expect(smaller.node > BUSY_AT_MOST || smaller.nodeMb > NODE_MB).toBe(true);
    expect(sizeFor(organisation(10), COSTS)).toMatchObject({
      cluster: { nodes: 3, shards: 1, workers: 2 },
      nodeLimit: 'three at least',
    });
  });

  it('says when no number of shards helps, because the jobs alone are too much for one', () => {
    expect(sizeFor(organisation(10_000), COSTS).isJobsSlotFull).toBe(false);
    expect(sizeFor(organisation(1_000_000), COSTS).isJobsSlotFull).toBe(true);
  });

  it('names what ends a node: memory where connections are dear, their number where they are not, CPU where they work', () => {
    const dear = { ...COSTS, memory: { ...COSTS.memory, perConnectionKb: 100 } };
    const bears = (costs: Costs) => nodeBears(idle, 3, costs);
    expect(bears(dear)).toMatchObject({ limit: 'memory', editsPerS: 0 });
    expect(bears(COSTS).limit).toBe('connections');
    expect(bears(COSTS).connections).toBeGreaterThan(19_500);
    expect(nodeBears(organisation, 3, COSTS).limit).toBe('CPU');
  });
});
