import { expect, it } from 'vitest';
import { causesOf, coresOf } from './costs.ts';
import { fitCosts, type Sample } from './fit.ts';
import type { Work } from './work.ts';

const TRUE_COSTS = {
  node: { processes: 8_000, edits: 120, batches: 90, heard: 60, writes: 12 },
  redis: { processes: 4_000, batches: 70, heard: 9, jobs: 140 },
  worker: { processes: 6_000, jobs: 450, folds: 900 },
  database: { processes: 2_000, folds: 400 },
};
const OPENING = { node: 1_000, redis: 90, worker: 0, database: 110 };
const MEMORY = { nodeMb: 150, perConnectionKb: 20, perRoomKb: 10 };

it('finds again what made the samples, and says that it misses none', () => {
  const samples = [
    sample(1, { edits: 10, batches: 10, heard: 10, writes: 20, jobs: 5, folds: 0.4 }),
    sample(2, { edits: 160, batches: 150, heard: 300, writes: 600, jobs: 20, folds: 1.5 }),
    sample(4, { edits: 160, batches: 155, heard: 620, writes: 630, jobs: 21, folds: 12 }),
    sample(2, { edits: 150, batches: 150, heard: 290, writes: 300, jobs: 130, folds: 80 }),
    sample(2, { edits: 1_000, batches: 40, heard: 80, writes: 20_000, jobs: 1, folds: 0.1 }),
    sample(2, { edits: 400, batches: 40, heard: 80, writes: 8_000, jobs: 1, folds: 0.1 }),
  ];
  const { costs, misses } = fitCosts(samples, OPENING, MEMORY);
  expect(costs.cpuUs.node['writes']).toBeCloseTo(12, 1);
  expect(costs.cpuUs.worker['jobs']).toBeCloseTo(450, 0);
  expect(costs.cpuUs.node.opens).toBe(1_000);
  expect(Math.max(...misses.map(({ share }) => Math.abs(share)))).toBeLessThan(0.01);
});

function sample(nodes: number, done: Partial<Work>): Sample {
  const work: Work = {
    ...{ connections: 0, rooms: 0, edits: 0, batches: 0, heard: 0, writes: 0 },
    ...{ deliveries: 0, folds: 0, jobs: 0, opens: 0 },
    ...done,
  };
  const ms = (role: keyof typeof TRUE_COSTS) => {
    const processes = role === 'node' ? nodes : 1;
    return coresOf(TRUE_COSTS[role], causesOf(work, { processes, nodes })) * 1_000;
  };
  const cpuMsPerS = { node: ms('node'), redis: ms('redis'), worker: ms('worker'), database: ms('database') };
  return { name: 'a point', work, nodes, cpuMsPerS };
}
