import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ComparedFigure, Comparison } from './comparison.ts';
import { short } from './report.ts';
import type { Spread } from './spread.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
const PREFIX = 'comparison-';

/** A compared figure in one line of the terminal. */
export function comparedLine(figure: ComparedFigure): string {
  const { name, unit, ours, other, ratio, share } = figure;
  const values = `${name.padEnd(30)} ${spread(ours)} ${unit}`;
  if (other === null || ratio === null) return `    ${values}`;
  const verdict = share === null ? '' : `, target ${short(share)} ${isMet(figure) ? 'met' : 'NOT MET'}`;
  return `    ${values}, beside ${spread(other)}: ${spread(ratio)} x${verdict}`;
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
  ].join('\n');
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
