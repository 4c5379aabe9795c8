import { describe, expect, it } from 'vitest';
import { cpuFigures, type Figure, GENERATOR_LAG, none, SHORT, shareOf, shown } from '../scenario.ts';
import type { Comparison } from './comparison.ts';
import { comparisonPage, terminalLines } from './comparison-page.ts';
import { comparisonPlots } from './comparison-plots.ts';
import { targetTable } from './target-table.ts';

const figures = (us: number, missing: number, lagMs: number): Figure[] => [
  ...cpuFigures(
    { countedMs: us, byRole: new Map([['node', us]]) },
    'delivered edit',
    1_000,
    shareOf(0.25, 9.2),
  ),
  none('deliveries missing', missing),
  { ...shown('p99', 'ms', 12.345), target: 60 },
  shown(GENERATOR_LAG, 'ms', lagMs),
];
const comparison: Comparison = {
  id: 'P1',
  question: 'What?',
  nonGoals: 'Not that.',
  target: '',
  date: '2026-11-26',
  commit: 'abc',
  node: 'v24',
  redis: '7',
  cpu: 'a CPU',
  cores: 2,
  versions: { '@hocuspocus/server': '4.7.0' },
  systems: ['relay', 'y-redis', 'Hocuspocus', 'Kryton'],
  absent: { 'y-redis': 'no presence across nodes' },
  span: SHORT,
  rounds: [1, 2].map((slowness) => ({
    load: 0.1,
    outcomes: {
      relay: { figures: figures(4.6 * slowness, 3, 25) },
      Hocuspocus: { figures: figures(9 * slowness, 0, 5) },
      Kryton: { figures: figures(1.8 * slowness, 0, 5) },
    },
  })),
};

describe('the table of targets', () => {
  it('has a row for each target and one for what must not happen', () => {
    expect(targetTable([comparison])).toBe(
      [
        '| scenario | figure | relay | y-redis | Hocuspocus | Kryton | ratio | target | |',
        '|---|---|---|---|---|---|---|---|---|',
        '| **P1** hot document, 200 editors | CPU per delivered edit, us | 4.6 | – | 9 | 1.8 | 0.2 (0.2 to 0.2) | ≤ 0.25 x Hocuspocus | met |',
        '|  | p99, ms | 12.3 | – | 12.3 | 12.3 | 1 (1 to 1) | ≤ 60 ms | met |',
        '|  | missing or lost, in any round | 3 deliveries missing | – | none | none | | none | met |',
        '',
        '–: y-redis no presence across nodes (P1).',
        'The generator itself was late in P1 (relay): latencies there are its own as well.',
      ].join('\n'),
    );
  });

  it('stands on the page with its plots, and with all figures and their spread', () => {
    const page = comparisonPage([comparison], ['a.svg']);
    expect(page).toContain(targetTable([comparison]));
    expect(page).toContain('![a.svg](plots/a.svg)');
    expect(page).toContain(
      '| of it: node, us | 4.6 (4.6 to 9.2) | 9 (9 to 18) | 1.8 (1.8 to 3.6) | 0.2 (0.2 to 0.2) |  |  |',
    );
    expect(page).toContain('8 s are measured after 3 s');
    expect(page).toContain('@hocuspocus/server 4.7.0');
  });

  it('says in how many rounds somebody broke', () => {
    const [first, ...others] = comparison.rounds;
    if (!first) throw new Error('no round');
    const broken = { ...first, outcomes: { ...first.outcomes, Kryton: { failed: 'it fell over' } } };
    const lines = terminalLines({ ...comparison, rounds: [broken, ...others] });
    expect(lines).toContain('    Kryton failed in 1 of 2 rounds: it fell over');
    expect(lines.join('\n')).toContain('target ≤ 60 ms not met');
  });

  it('is drawn with what was measured, the same bytes each time', () => {
    const plots = comparisonPlots([comparison]);
    expect(plots.map(({ file }) => file)).toEqual([
      'compare-cpu.svg',
      'compare-crowds.svg',
      'compare-latency.svg',
    ]);
    expect(plots[1]?.svg).toContain('Hocuspocus');
    expect(plots[1]?.svg).not.toContain('y-redis');
    expect(comparisonPlots([comparison])).toEqual(plots);
  });
});
