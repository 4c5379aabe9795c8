import { describe, expect, it } from 'vitest';
import { type Figure, GENERATOR_LAG, none, shown } from '../scenario.ts';
import { comparedFigures, failuresIn, generatorWasLateWith } from './comparison.ts';
import type { Round } from './rounds.ts';

const SYSTEMS = ['relay', 'Hocuspocus', 'Kryton'];
const wall = (value: number): Figure => ({
  name: 'wall',
  unit: 's',
  value,
  target: 1,
  share: { of: 'Hocuspocus', most: 0.5 },
});
const round = (of: Readonly<Record<string, readonly Figure[] | string>>): Round => ({
  load: 0,
  outcomes: Object.fromEntries(
    Object.entries(of).map(([system, found]) => {
      return [system, typeof found === 'string' ? { failed: found } : { figures: found }];
    }),
  ),
});
const compared = (...rounds: Round[]) => comparedFigures({ systems: SYSTEMS, rounds });

describe('a comparison', () => {
  it('takes the ratios round by round, so that a slow round of all changes nothing', () => {
    const [first, second] = compared(
      ...[1, 10, 2].map((slowness) =>
        round({
          relay: [wall(slowness / 2)],
          Hocuspocus: [wall(4 * slowness)],
          Kryton: [wall(slowness), shown('worker', 'us', 3)],
        }),
      ),
    );
    expect(first).toEqual({
      name: 'wall',
      unit: 's',
      spreads: {
        relay: { value: 1, lowest: 0.5, highest: 5 },
        Hocuspocus: { value: 8, lowest: 4, highest: 40 },
        Kryton: { value: 2, lowest: 1, highest: 10 },
      },
      base: 'Hocuspocus',
      ratios: {
        relay: { value: 0.125, lowest: 0.125, highest: 0.125 },
        Hocuspocus: { value: 1, lowest: 1, highest: 1 },
        Kryton: { value: 0.25, lowest: 0.25, highest: 0.25 },
      },
      bound: { kind: 'ratio', most: 0.5 },
      isMet: true,
    });
    expect(second).toMatchObject({ name: 'worker', bound: null, isMet: null, ratios: {} });
  });

  it('can be with another system than Hocuspocus', () => {
    const p50 = (value: number): Figure => ({
      ...shown('p50', 'ms', value),
      share: { of: 'relay', most: 1.5 },
    });
    const of = (ours: number) =>
      compared(round({ relay: [p50(2)], Hocuspocus: [p50(9)], Kryton: [p50(ours)] }))[0];
    expect(of(3)).toMatchObject({ base: 'relay', ratios: { Kryton: { value: 1.5 } }, isMet: true });
    expect(of(4)).toMatchObject({ ratios: { Kryton: { value: 2 } }, isMet: false });
  });

  it('judges what must never happen by the worst round, the rest by the median', () => {
    const late = (value: number): Figure => ({ ...shown('p99', 'ms', value), target: 60 });
    const figures = compared(
      ...[0, 0, 1].map((missing) => round({ Kryton: [none('missing', missing), late(59 + missing)] })),
    );
    expect(figures.map(({ name, isMet }) => [name, isMet])).toEqual([
      ['missing', false],
      ['p99', true],
    ]);
    expect(compared(round({ Kryton: [late(61)] }))[0]?.isMet).toBe(false);
  });

  it('says nothing of a ratio where one side is missing, and met of none in which ours broke', () => {
    expect(compared(round({ Kryton: [wall(1)] }))[0]).toMatchObject({ isMet: null, ratios: {} });
    const rounds = [
      round({ Hocuspocus: [wall(4)], Kryton: [wall(1)] }),
      round({ Hocuspocus: [wall(4)], Kryton: 'it fell over' }),
    ];
    expect(compared(...rounds)[0]).toMatchObject({ ratios: { Kryton: { value: 0.25 } }, isMet: false });
    expect(failuresIn({ systems: SYSTEMS, rounds })).toEqual([
      { system: 'Kryton', times: 1, reason: 'it fell over' },
    ]);
  });

  it('leaves out what was no number', () => {
    const rounds = [round({ Kryton: [wall(Number.NaN)] }), round({ Kryton: [wall(2)] })];
    const kept = JSON.parse(JSON.stringify(rounds)) as Round[];
    expect(compared(...kept)[0]?.spreads).toEqual({ Kryton: { value: 2, lowest: 2, highest: 2 } });
  });

  it('names the systems with which the generator was late', () => {
    const lag = (value: number) => [shown(GENERATOR_LAG, 'ms', value)];
    const late = (...values: [number, number]) =>
      generatorWasLateWith(compared(round({ Hocuspocus: lag(values[0]), Kryton: lag(values[1]) })));
    expect([late(20, 20), late(21, 5), late(21, 22)]).toEqual([[], ['Hocuspocus'], ['Hocuspocus', 'Kryton']]);
  });
});
