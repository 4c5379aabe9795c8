import { expect, it } from 'vitest';
import { type Scenario, SHORT, shown } from '../scenario.ts';
import type { StartSystem } from '../system.ts';
import type { Contest } from './contests.ts';
import { type Round, runRounds } from './rounds.ts';

const scenario: Scenario = { id: 'P0', question: '', nonGoals: '', target: '', run: async () => [] };
const contest: Contest = {
  scenarios: [scenario, { ...scenario, id: 'P00' }],
  absent: { d: 'cannot' },
  async run(start) {
    const { nodeCount } = await start();
    return { P0: [shown('nodes', '', nodeCount)], P00: [shown('twice', '', 2 * nodeCount)] };
  },
};
const start =
  (nodeCount: number): StartSystem =>
  async () => {
    if (nodeCount === 0) throw new Error('it fell over\nand said much');
    const nothing = async () => {};
    return {
      name: '',
      nodeCount,
      holds: 'nothing',
      redisPort: 0,
      documents: async () => [],
      doorOf: () => ({ url: '', headers: {} }),
      parts: () => [],
      persisted: nothing,
      restartNodes: nothing,
      stop: nothing,
    };
  };

it('runs all by turns, begins each round with the next, and goes on when one of them breaks', async () => {
  const order: string[] = [];
  const seen: number[] = [];
  let last: Readonly<Record<string, readonly Round[]>> = {};
  await runRounds(contest, {
    systems: ['a', 'b', 'c', 'd'].map((name, index) => ({ name, start: start(index) })),
    rounds: 4,
    span: SHORT,
    onRun: (_round, system) => order.push(system),
    onRound: (soFar) => {
      last = soFar;
      seen.push(soFar['P0']?.length ?? 0);
    },
  });
  expect(order.join('')).toBe('abcbcacababc');
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(last['P0']?.[3]?.outcomes).toEqual({
    a: { failed: 'it fell over' },
    b: { figures: [shown('nodes', '', 1)] },
    c: { figures: [shown('nodes', '', 2)] },
  });
  expect(last['P00']?.[0]?.outcomes['c']).toEqual({ figures: [shown('twice', '', 4)] });
});
