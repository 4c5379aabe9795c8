import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { findExecutable } from '@kryton/engine/testing/services/installed.ts';
import type { Figure, Scenario } from './scenario.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/** A figure over several runs: `value` is the median. */
export type Measured = Figure & { readonly lowest: number; readonly highest: number };

export type Result = Pick<Scenario, 'id' | 'question' | 'nonGoals' | 'target'> & {
  readonly system: string;
  readonly date: string;
  readonly commit: string;
  readonly node: string;
  readonly redis: string;
  readonly cpu: string;
  readonly cores: number;
  readonly runs: number;
  readonly figures: readonly Measured[];
};

/** Medians over the runs of a scenario, with where they were made. */
export function resultOf(system: string, scenario: Scenario, runs: readonly (readonly Figure[])[]): Result {
  const { id, question, nonGoals, target } = scenario;
  const figures = (runs[0] ?? []).map((figure, index) => {
    const sorted = runs.map((run) => run[index]?.value ?? Number.NaN).toSorted((a, b) => a - b);
    const value = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
    return { ...figure, value, lowest: sorted[0] ?? value, highest: sorted.at(-1) ?? value };
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
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function place(): Pick<Result, 'date' | 'commit' | 'node' | 'redis' | 'cpu' | 'cores'> {
  const redis = findExecutable('redis-server');
  const version = redis === null ? '' : execFileSync(redis, ['--version'], { encoding: 'utf8' });
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    node: process.version,
    redis: /v=([\d.]+)/.exec(version)?.[1] ?? 'unknown',
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
  };
}

/** The commit that was measured; with a `+` when the apps had changes that are in none. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', ':/apps') === '' ? '' : '+';
  return git('rev-parse', '--short', 'HEAD') + changed;
}
