import { short } from '../report.ts';
import type { Spread } from '../spread.ts';
import {
  type ComparedFigure,
  type Comparison,
  comparedFigures,
  generatorWasLateWith,
  OURS,
} from './comparison.ts';

/** What a scenario is in three words; its question is the whole sentence. */
const TITLES: Readonly<Record<string, string>> = {
  P1: 'hot document, 200 editors',
  P2: '100 small documents',
  P3: 'opening 2,000 connections',
  P4: 'the same, idle',
  P5: 'presence, 500 clients',
  P5b: 'live meeting, 500 clients',
  P6: '50 join a 5 MB document',
  P7: 'cold open, 260,000 keystrokes',
  P8: 'more nodes',
  P9: 'folding 259,778 updates',
  P10: 'a node killed under 2,000 clients',
};
/** Where a system has no such figure. */
const NOTHING = '–';

/** The targets and what was measured for each, over all scenarios, as one Markdown table with its footnotes. */
export function targetTable(comparisons: readonly Comparison[]): string {
  const systems = [...new Set(comparisons.flatMap((comparison) => comparison.systems))];
  return [
    `| scenario | figure | ${systems.join(' | ')} | ratio | target | |`,
    `|---|---|${'---|'.repeat(systems.length + 3)}`,
    ...comparisons.flatMap((comparison) => rowsOf(comparison, systems)),
    '',
    ...footnotes(comparisons),
  ].join('\n');
}

function rowsOf(comparison: Comparison, systems: readonly string[]): string[] {
  const bounded = comparedFigures(comparison).filter(({ bound, isMet }) => bound !== null && isMet !== null);
  const rows = [
    ...bounded.filter(({ isStrict }) => !isStrict).map((figure) => boundedRow(figure, systems)),
    ...strictRow(
      bounded.filter(({ isStrict }) => isStrict),
      systems,
    ),
  ];
  const { id } = comparison;
  return rows.map((row, index) => `| ${index === 0 ? `**${id}** ${TITLES[id] ?? ''}` : ''} | ${row}`);
}

function boundedRow(figure: ComparedFigure, systems: readonly string[]): string {
  const { name, unit, spreads } = figure;
  const values = systems.map((system) => {
    const spread = spreads[system];
    return spread === undefined ? NOTHING : short(spread.value);
  });
  return `${named({ name, unit })} | ${values.join(' | ')} | ${ratioText(figure)} | ${boundText(figure)} | ${verdict(figure)} |`;
}

/** Everything that must not happen at all, in one row: the worst round of each. */
function strictRow(figures: readonly ComparedFigure[], systems: readonly string[]): string[] {
  if (figures.length === 0) return [];
  const values = systems.map((system) => {
    const found = figures.flatMap(({ name, spreads }) => {
      const spread = spreads[system];
      return spread === undefined ? [] : [{ name, worst: spread.highest }];
    });
    const bad = found.filter(({ worst }) => worst > 0);
    if (found.length === 0) return NOTHING;
    return bad.length === 0 ? 'none' : bad.map(({ name, worst }) => `${short(worst)} ${name}`).join(', ');
  });
  const judged = figures.flatMap(({ isMet }) => isMet ?? []);
  const met = judged.length === 0 ? '' : judged.every(Boolean) ? 'met' : '**not met**';
  return [`missing or lost, in any round | ${values.join(' | ')} | | none | ${met} |`];
}

/** "p99, ms"; a count is only named. */
export function named({ name, unit }: Pick<ComparedFigure, 'name' | 'unit'>): string {
  return unit === '' ? name : `${name}, ${unit}`;
}

/** Our part of the base. */
export function ratioText({ ratios, base, bound }: ComparedFigure): string {
  const ratio = ratios[OURS];
  if (ratio === undefined) return '';
  return `${withSpread(ratio)}${bound?.kind === 'ratio' && base !== 'Hocuspocus' ? ` x ${base}` : ''}`;
}

export function boundText({ bound, base, unit }: ComparedFigure): string {
  if (bound === null) return '';
  return bound.kind === 'ratio'
    ? `≤ ${short(bound.most)} x ${base}`
    : `≤ ${short(bound.most)} ${unit}`.trimEnd();
}

export function verdict({ isMet }: ComparedFigure): string {
  return isMet === null ? '' : isMet ? 'met' : '**not met**';
}

export function withSpread({ value, lowest, highest }: Spread): string {
  return `${short(value)} (${short(lowest)} to ${short(highest)})`;
}

function footnotes(comparisons: readonly Comparison[]): string[] {
  const reasons = comparisons.flatMap(({ id, absent }) => {
    return Object.entries(absent).map(([system, reason]) => ({ id, what: `${system} ${reason}` }));
  });
  const absences = [...Map.groupBy(reasons, ({ what }) => what)].map(([what, of]) => {
    return `${what} (${of.map(({ id }) => id).join(', ')})`;
  });
  const late = comparisons.flatMap((comparison) => {
    const systems = generatorWasLateWith(comparedFigures(comparison));
    return systems.length === 0 ? [] : [`${comparison.id} (${systems.join(', ')})`];
  });
  return [
    ...(absences.length === 0 ? [] : [`${NOTHING}: ${absences.join('; ')}.`]),
    ...(late.length === 0
      ? []
      : [`The generator itself was late in ${late.join(', ')}: latencies there are its own as well.`]),
  ];
}
