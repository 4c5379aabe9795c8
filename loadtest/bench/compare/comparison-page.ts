import { LAG_BOUND_MS } from '../generator-watch.ts';
import { spreadOf } from '../spread.ts';
import {
  type ComparedFigure,
  type Comparison,
  comparedFigures,
  failuresIn,
  generatorWasLateWith,
} from './comparison.ts';
import { boundText, named, ratioText, targetTable, verdict, withSpread } from './target-table.ts';

/** `results/comparison.md`: the table of targets, the plots, then everything that was measured. */
export function comparisonPage(comparisons: readonly Comparison[], plots: readonly string[]): string {
  return [
    '# Beside the alternatives',
    '',
    'All servers of a system, its Redis and, for Kryton, its worker share one core, the generator has another; two nodes each. Every round runs each system on fresh servers, in an order that turns. Values are medians over the rounds; a ratio is the median of those of each round, lowest to highest in brackets. What each system is: [load tests](../README.md).',
    '',
    targetTable(comparisons),
    '',
    ...plots.flatMap((file) => [`![${file}](plots/${file})`, '']),
    ...comparisons.map(section),
  ].join('\n');
}

function section(comparison: Comparison): string {
  const { id, question, nonGoals, systems, rounds, span, absent } = comparison;
  const figures = comparedFigures(comparison);
  const present = systems.filter((system) => !(system in absent));
  return [
    `## ${id}`,
    '',
    `${question} ${nonGoals}`,
    '',
    `${whereAndWhen(comparison)} ${rounds.length} rounds; where people act, ${span.measureMs / 1_000} s are measured after ${span.warmUpMs / 1_000} s. Load of the machine per core in the minute before each round, which is the round before except for the first: ${withSpread(spreadOf(rounds.map(({ load }) => load)))}.`,
    '',
    `| | ${present.join(' | ')} | ratio | target | |`,
    `|---|${'---|'.repeat(present.length + 3)}`,
    ...figures.map((figure) => row(figure, present)),
    '',
    ...warnings(comparison, figures),
  ].join('\n');
}

function row(figure: ComparedFigure, systems: readonly string[]): string {
  const { spreads } = figure;
  const values = systems.map((system) => {
    const spread = spreads[system];
    return spread === undefined ? '' : withSpread(spread);
  });
  return `| ${named(figure)} | ${values.join(' | ')} | ${ratioText(figure)} | ${boundText(figure)} | ${verdict(figure)} |`;
}

function whereAndWhen({ date, commit, node, redis, cpu, cores, versions }: Comparison): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${date}, commit ${commit}, Node ${node}, Redis ${redis}, ${packages.join(', ')}; ${cpu}, ${cores} cores.`;
}

function warnings(comparison: Comparison, figures: readonly ComparedFigure[]): string[] {
  const late = generatorWasLateWith(figures);
  const lines = [
    ...failuresIn(comparison).map(({ system, times, reason }) => {
      return `**${system} failed in ${times} of ${comparison.rounds.length} rounds**: ${reason}`;
    }),
    ...(late.length === 0
      ? []
      : [
          `**The generator itself was late** with ${late.join(', ')} (p99 above ${LAG_BOUND_MS} ms): those latencies are its own as well; CPU and what is missing stand.`,
        ]),
  ];
  return lines.flatMap((line) => [line, '']);
}

/** One scenario in the terminal. */
export function terminalLines(comparison: Comparison): string[] {
  const figures = comparedFigures(comparison);
  return [
    ...figures.map((figure) => {
      const values = Object.entries(figure.spreads).map(
        ([system, spread]) => `${system} ${withSpread(spread)}`,
      );
      const ratio = ratioText(figure) === '' ? '' : `; ratio ${ratioText(figure)}`;
      const bound = figure.bound === null ? '' : `, target ${boundText(figure)} ${verdict(figure)}`;
      return `    ${figure.name} [${figure.unit}]: ${values.join(', ')}${ratio}${bound}`.replaceAll('**', '');
    }),
    ...warnings(comparison, figures)
      .filter(Boolean)
      .map((line) => `    ${line.replaceAll('**', '')}`),
  ];
}
