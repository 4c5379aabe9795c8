import { describe, expect, it } from 'vitest';
import { compare, comparedFigures } from './comparison.ts';
import { isValid } from './comparison-report.ts';
import { type Figure, GENERATOR_LAG, shown } from './scenario.ts';

const wall = (value: number): Figure => ({ name: 'wall', unit: 's', value, target: 1, share: 0.5 });

describe('a comparison', () => {
  it('takes the ratio round by round, so that a slow round of both changes nothing', () => {
    const rounds = [1, 10, 2].map((slowness) => ({
      ours: [wall(slowness), shown('worker', 'us', 3)],
      other: [wall(4 * slowness)],
    }));
    const [first, second] = comparedFigures(rounds);
    expect(first).toEqual({
      name: 'wall',
      unit: 's',
      share: 0.5,
      ours: { value: 2, lowest: 1, highest: 10 },
      other: { value: 8, lowest: 4, highest: 40 },
      ratio: { value: 0.25, lowest: 0.25, highest: 0.25 },
    });
    expect(second).toMatchObject({ name: 'worker', share: null, other: null, ratio: null });
  });

  it('is not valid when the generator was late with either of them', () => {
    const lag = (value: number) => [shown(GENERATOR_LAG, 'ms', value)];
    const valid = (ours: number, other: number) =>
      isValid({ figures: comparedFigures([{ ours: lag(ours), other: lag(other) }]) });
    expect([valid(20, 20), valid(21, 5), valid(5, 21)]).toEqual([true, false, false]);
  });

  it('runs both by turns and begins each round with another one', async () => {
    const order: string[] = [];
    const named = (name: string) => ({ name, start: () => Promise.reject(new Error(name)) });
    const scenario = {
      id: 'P0',
      question: '',
      nonGoals: '',
      target: '',
      run: async (start: () => Promise<unknown>) => {
        await start().catch((error: Error) => order.push(error.message));
        return [wall(order.length)];
      },
    };
    const found = await compare(scenario, { system: named('a'), beside: named('b'), rounds: 3 });
    expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
    expect(found).toMatchObject({ system: 'a', beside: 'b', rounds: 3 });
    expect(found.figures[0]?.ratio?.highest).toBe(4 / 3);
  });
});
