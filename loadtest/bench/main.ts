/** `npm run bench [-- P1 P6 …] [--runs N]`: the performance scenarios, for Kryton alone. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Figure, SCENARIOS, type Scenario } from './scenarios.ts';
import { startKryton } from './system.ts';

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

type Measured = Figure & { readonly lowest: number; readonly highest: number };
type Result = {
  readonly id: string;
  readonly question: string;
  readonly nonGoals: string;
  readonly figures: Measured[];
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: 'string', default: '1' }, keep: { type: 'boolean', default: false } },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs "${values.runs}" is not a whole number above 0`);
  const known = SCENARIOS.map(({ id }) => id);
  const unknown = positionals.find((id) => !known.includes(id));
  if (unknown) throw new Error(`there is no scenario "${unknown}": ${known.join(', ')}`);
  const chosen = SCENARIOS.filter(({ id }) => positionals.length === 0 || positionals.includes(id));
  const results: Result[] = [];
  for (const scenario of chosen) results.push(await measure(scenario, runs));
  if (values.keep) store(results, runs);
}

/** Each run has fresh servers: what one scenario left in memory must not weigh on the next. */
async function measure(scenario: Scenario, runs: number): Promise<Result> {
  console.log(`\n${scenario.id}  ${scenario.question}\n    ${scenario.nonGoals}`);
  const all: Figure[][] = [];
  for (let run = 0; run < runs; run++) {
    const system = await startKryton();
    try {
      all.push(await scenario.run(system));
    } finally {
      await system.stop();
    }
  }
  const figures = (all[0] ?? []).map((figure, index) =>
    summarise(
      figure,
      all.map((run) => run[index]?.value ?? Number.NaN),
    ),
  );
  for (const figure of figures) console.log(line(figure, runs));
  return { id: scenario.id, question: scenario.question, nonGoals: scenario.nonGoals, figures };
}

function summarise(figure: Figure, values: readonly number[]): Measured {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return { ...figure, value, lowest: sorted[0] ?? value, highest: sorted.at(-1) ?? value };
}

function line({ name, unit, value, target, lowest, highest }: Measured, runs: number): string {
  const spread = runs > 1 ? ` (${short(lowest)} to ${short(highest)})` : '';
  const against = target === null ? '' : `   target ${short(target)} ${value <= target ? 'met' : 'NOT MET'}`;
  return `    ${name.padEnd(32)} ${short(value).padStart(9)} ${unit.padEnd(3)}${spread}${against}`;
}

/** Three digits that count: 0.412, 52, 725, 1610. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function store(results: readonly Result[], runs: number): void {
  mkdirSync(RESULTS, { recursive: true });
  const about = {
    date: new Date().toISOString().slice(0, 10),
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    node: process.version,
    redis:
      /v=([\d.]+)/.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown',
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    runs,
  };
  writeFileSync(`${RESULTS}kryton.json`, `${JSON.stringify({ about, results }, null, 2)}\n`);
  const rows = results.flatMap(({ id, figures }) =>
    figures.map(
      ({ name, unit, value, target, lowest, highest }) =>
        `| ${id} | ${name} | ${short(value)} ${unit} | ${short(lowest)} to ${short(highest)} | ${target === null ? '' : `${short(target)} ${unit}`} | ${target === null ? '' : value <= target ? 'met' : '**not met**'} |`,
    ),
  );
  const table = [
    `# Kryton alone, ${about.date}`,
    '',
    `Commit ${about.commit}, Node ${about.node}, Redis ${about.redis}, ${about.cpu}, ${about.cores} cores; median of ${runs} runs with fresh servers each. Servers and Redis on one core, the generator on another. CPU is that of nodes, worker and Redis. Absolute targets follow from figures measured for Hocuspocus 4.7 on the same kind of machine.`,
    '',
    '| | figure | median | spread | target | |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
  writeFileSync(`${RESULTS}kryton.md`, table.join('\n'));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
