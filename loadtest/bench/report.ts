import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Place, place } from './place.ts';
import type { Figure, Scenario } from './scenario.ts';
import { type Spread, spreadOf } from './spread.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** A figure over several runs: `value` is the median. */
export type Measured = Figure & Spread;

export type Result = Pick<Scenario, 'id' | 'question' | 'nonGoals' | 'target'> &
  Place & {
    readonly system: string;
    readonly runs: number;
    readonly figures: readonly Measured[];
  };

/** Medians over the runs of a scenario, with where they were made. */
export function resultOf(system: string, scenario: Scenario, runs: readonly (readonly Figure[])[]): Result {
  const { id, question, nonGoals, target } = scenario;
  const figures = (runs[0] ?? []).map((figure, index) => {
    return { ...figure, ...spreadOf(runs.map((run) => run[index]?.value ?? Number.NaN)) };
  });
  return { id, question, nonGoals, target, system, ...place(), runs: runs.length, figures };
}

/** A figure in one line of the terminal. */
export function line({ name, unit, value, target, lowest, highest }: Measured, runs: number): string {
  const spread = runs > 1 ? ` (${short(lowest)} to ${short(highest)})` : '';
  const verdict = target === null ? '' : `   target ${short(target)} ${value <= target ? 'met' : 'NOT MET'}`;
  return `    ${name.padEnd(36)} ${short(value).padStart(8)} ${unit.padEnd(2)}${spread}${verdict}`;
}

/** Keeps a result as `results/<system>-<id>.json` and renews the table of all that are kept for this system. */
export function keep(result: Result): void {
  mkdirSync(RESULTS, { recursive: true });
  const prefix = `${result.system.toLowerCase()}-`;
  writeFileSync(`${RESULTS}${prefix}${result.id}.json`, `${JSON.stringify(result, null, 2)}\n`);
  const kept = readdirSync(RESULTS)
    .filter((name) => name.startsWith(prefix) && name.endsWith('.json'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(`${RESULTS}${name}`, 'utf8')) as Result);
  writeFileSync(`${RESULTS}${result.system.toLowerCase()}.md`, table(kept));
}

function table(results: readonly Result[]): string {
  const rows = results.flatMap((result) => [
    `| **${result.id}** | *${result.question}* | | ${result.target} | ${result.date}, ${result.commit} |`,
    ...result.figures.map((figure) => row(figure, result.runs)),
  ]);
  const [first] = results;
  return [
    `# ${first?.system}, alone`,
    '',
    `Medians of runs with fresh servers each (lowest to highest in brackets). Node ${first?.node}, Redis ${first?.redis}, ${first?.cpu}, ${first?.cores} cores: servers and Redis on one, the generator on another. CPU is that of nodes, worker and Redis, from the operating system; the database is shown beside it.`,
    '',
    'The targets are ratios to Hocuspocus within one run; until that comparison is made, they are derived from figures published for the same kind of machine (`bench/targets.ts`).',
    '',
    '| | figure | value | target | |',
    '|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function row({ name, unit, value, target, lowest, highest }: Measured, runs: number): string {
  const spread = runs > 1 ? ` (${short(lowest)} to ${short(highest)})` : '';
  const verdict = target === null ? '' : value <= target ? 'met' : '**not met**';
  const bound = target === null ? '' : `${short(target)} ${unit}`;
  return `| | ${name} | ${short(value)} ${unit}${spread} | ${bound} | ${verdict} |`;
}

/** Three digits that count: 0.412, 52, 725, 1610. */
export function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
