import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ComparedFigure, Comparison } from './comparison.ts';
import { LAG_BOUND_MS } from './generator-watch.ts';
import { short } from './report.ts';
import { GENERATOR_LAG } from './scenario.ts';
import type { Spread } from './spread.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const PREFIX = 'comparison-';
const NOT_VALID =
  '**Not valid**: the generator itself was late, because something else ran on the machine. Run it again on a quiet one.';

/** A compared figure in one line of the terminal. */
export function comparedLine(figure: ComparedFigure): string {
  const { name, unit, ours, other, ratio, share } = figure;
  const values = `${name.padEnd(30)} ${spread(ours)} ${unit}`;
  if (other === null || ratio === null) return `    ${values}`;
  const verdict = share === null ? '' : `, target ${short(share)} ${isMet(figure) ? 'met' : 'NOT MET'}`;
  return `    ${values}, beside ${spread(other)}: ${spread(ratio)} x${verdict}`;
}

/** What the terminal says below the figures. */
export function verdictLines(comparison: Comparison): string[] {
  return isValid(comparison) ? [] : [`    ${NOT_VALID.replaceAll('**', '')}`];
}

/** Keeps a comparison as `results/comparison-<id>-<other>.json` and renews the table of all that are kept. */
export function keepComparison(comparison: Comparison): void {
  mkdirSync(RESULTS, { recursive: true });
  const file = `${PREFIX}${comparison.id}-${comparison.beside.toLowerCase()}.json`;
  writeFileSync(`${RESULTS}${file}`, `${JSON.stringify(comparison, null, 2)}\n`);
  const kept = readdirSync(RESULTS)
    .filter((name) => name.startsWith(PREFIX) && name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(`${RESULTS}${name}`, 'utf8')) as Comparison);
  const sections = kept.map(section);
  writeFileSync(`${RESULTS}comparison.md`, `# Beside the alternatives\n\n${sections.join('\n')}`);
}

function section(comparison: Comparison): string {
  const { id, system, beside, rounds, load, question, nonGoals, figures } = comparison;
  const { date, commit, node, redis, cpu, cores } = comparison;
  return [
    `## ${id}: ${system} beside ${beside}`,
    '',
    `${question} ${nonGoals}`,
    '',
    `${date}, commit ${commit}, Node ${node}, Redis ${redis}, ${cpu}, ${cores} cores: servers and Redis on one, the generator on another. ${rounds} rounds, each of both by turns on fresh servers; medians, lowest to highest in brackets. The ratio is that of each round. Load of the machine per core when a round began: ${spread(load)}.`,
    '',
    `| | ${system} | ${beside} | ratio | target | |`,
    '|---|---|---|---|---|---|',
    ...figures.map(row),
    '',
    ...(isValid(comparison) ? [] : [NOT_VALID, '']),
  ].join('\n');
}

/** Whether the generator kept up with both; otherwise the figures say as much about the machine as about the servers. */
export function isValid({ figures }: Pick<Comparison, 'figures'>): boolean {
  const lag = figures.find(({ name }) => name === GENERATOR_LAG);
  return !lag || Math.max(lag.ours.value, lag.other?.value ?? 0) <= LAG_BOUND_MS;
}

function row(figure: ComparedFigure): string {
  const { name, unit, ours, other, ratio, share } = figure;
  const verdict = share === null ? '' : isMet(figure) ? 'met' : '**not met**';
  const their = other === null ? '' : `${spread(other)} ${unit}`;
  const target = share === null ? '' : short(share);
  return `| ${name} | ${spread(ours)} ${unit} | ${their} | ${ratio === null ? '' : spread(ratio)} | ${target} | ${verdict} |`;
}

function isMet({ ratio, share }: ComparedFigure): boolean {
  return ratio !== null && share !== null && ratio.value <= share;
}

function spread({ value, lowest, highest }: Spread): string {
  return `${short(value)} (${short(lowest)} to ${short(highest)})`;
}
