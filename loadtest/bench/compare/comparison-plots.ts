import { barChart } from '../../plots/bar-chart.ts';
import type { ValueAxis } from '../../plots/chart.ts';
import { type ComparedFigure, type Comparison, comparedFigures } from './comparison.ts';

/** One group of bars: a figure of a scenario, and what is written under it. */
type Group = { readonly id: string; readonly figure: string; readonly label: string };

type Plot = {
  readonly file: string;
  readonly title: string;
  readonly y: ValueAxis;
  /** The values themselves, or each system's part of Hocuspocus'. */
  readonly shows: 'values' | 'ratios';
  readonly groups: readonly Group[];
};

const CROWD_CPU: readonly Group[] = [
  { id: 'P1', figure: 'CPU per delivered edit', label: 'P1 per delivered edit' },
  { id: 'P2', figure: 'CPU per edit', label: 'P2 per edit' },
  { id: 'P5', figure: 'CPU per move', label: 'P5 per move' },
  { id: 'P5b', figure: 'CPU per action', label: 'P5b per action' },
];
const OPENING_CPU: Group = { id: 'P3', figure: 'CPU per connection', label: 'P3 per connection' };
const JOIN_CPU: Group = { id: 'P6', figure: 'open: CPU per join', label: 'P6 per join of 5 MB' };
const OF_HOCUSPOCUS = { name: 'Hocuspocus = 1, less is better', unit: '' };

const PLOTS: readonly Plot[] = [
  {
    file: 'compare-cpu.svg',
    title: 'CPU of all servers per unit of work, beside Hocuspocus',
    y: OF_HOCUSPOCUS,
    shows: 'ratios',
    groups: [...CROWD_CPU, OPENING_CPU, JOIN_CPU],
  },
  {
    file: 'compare-crowds.svg',
    title: 'People who edit and move: CPU',
    y: { name: 'CPU per unit of work', unit: 'us', isLogarithmic: true },
    shows: 'values',
    groups: CROWD_CPU,
  },
  {
    file: 'compare-latency.svg',
    title: 'People who edit and move: from sending to receiving, p99',
    y: { name: 'p99', unit: 'ms', isLogarithmic: true },
    shows: 'values',
    groups: ['P1', 'P2', 'P5', 'P5b'].map((id) => ({ id, figure: 'p99', label: id })),
  },
  {
    file: 'compare-opening.svg',
    title: '2,000 connections on 1,000 documents: CPU to open one',
    y: { name: 'CPU per connection', unit: 'us' },
    shows: 'values',
    groups: [OPENING_CPU],
  },
  {
    file: 'compare-idle.svg',
    title: '2,000 connections on 1,000 documents, idle: memory of one',
    y: { name: 'resident memory per connection', unit: 'KB' },
    shows: 'values',
    groups: [{ id: 'P4', figure: 'RSS per connection', label: 'P4' }],
  },
  {
    file: 'compare-join-storm.svg',
    title: '50 join a document of 5 MB at once, beside Hocuspocus',
    y: OF_HOCUSPOCUS,
    shows: 'ratios',
    groups: [
      { ...JOIN_CPU, label: 'CPU per join' },
      { id: 'P6', figure: 'open: p99', label: 'until the last one has it' },
      { id: 'P6', figure: 'open: RSS growth at its peak', label: 'growth of memory' },
    ],
  },
];

/** Bars with their spread, one file for each family of scenarios; what was not measured is left out. */
export function comparisonPlots(comparisons: readonly Comparison[]): { file: string; svg: string }[] {
  const systems = [...new Set(comparisons.flatMap((comparison) => comparison.systems))];
  const figures = new Map(comparisons.map((comparison) => [comparison.id, comparedFigures(comparison)]));
  return PLOTS.flatMap(({ file, title, y, shows, groups }) => {
    const found = groups.flatMap(({ id, figure, label }) => {
      const compared = figures.get(id)?.find(({ name }) => name === figure);
      return compared === undefined ? [] : [{ label, compared }];
    });
    const series = systems.flatMap((name, colour) => {
      const values = found.map(({ compared }) => shown(compared, shows)[name] ?? null);
      return values.every((value) => value === null) ? [] : [{ name, values, colour }];
    });
    if (series.length === 0) return [];
    return [
      {
        file,
        svg: barChart({
          title,
          subtitle: subtitle(comparisons),
          y,
          categories: found.map(({ label }) => label),
          series,
        }),
      },
    ];
  });
}

function shown({ spreads, ratios }: ComparedFigure, shows: Plot['shows']) {
  return shows === 'values' ? spreads : ratios;
}

function subtitle(comparisons: readonly Comparison[]): string {
  const dates = [...new Set(comparisons.map(({ date }) => date))];
  return `two nodes and Redis on one core; median, lowest and highest round; ${dates.join(' and ')}`;
}
