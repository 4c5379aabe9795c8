/**
 * `npm run bench [-- P1 P6 …] [--runs N] [--system Kryton] [--keep]`: the performance scenarios on one system.
 * `--keep` writes to loadtest/results. Side by side: `npm run compare`.
 */
import { parseArgs } from 'node:util';
import { CLUSTER_SCENARIOS } from './cluster-scenarios.ts';
import { GENERATOR_CORE, pin, unpinnable } from './cores.ts';
import { CROWD_SCENARIOS } from './crowd-scenarios.ts';
import { JOIN_SCENARIOS } from './join-scenarios.ts';
import { beTheOnlyBench } from './only-bench.ts';
import { keep, line, type Result, resultOf } from './report.ts';
import type { Figure, Scenario } from './scenario.ts';
import { type NamedSystem, systemNamed } from './systems/all-systems.ts';

const SCENARIOS = [...CROWD_SCENARIOS, ...JOIN_SCENARIOS, ...CLUSTER_SCENARIOS].toSorted((a, b) =>
  a.id.localeCompare(b.id, 'en', { numeric: true }),
);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '1' },
      system: { type: 'string', default: 'Kryton' },
      keep: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1)
    throw new Error(`--runs "${values.runs}" is not a whole number above 0`);
  const system = systemNamed(values.system);
  const chosen = choose(positionals);
  await beTheOnlyBench();
  pin(GENERATOR_CORE, [process.pid]);
  const warning = unpinnable();
  if (warning) console.log(`The figures cannot be compared with others: ${warning}.`);
  for (const scenario of chosen) {
    console.log(`\n${scenario.id}  ${scenario.question}\n    ${scenario.nonGoals}`);
    console.log(`    Target: ${scenario.target} (as published; npm run compare measures the ratio)`);
    const result = await measure(system, scenario, runs);
    for (const figure of result.figures) console.log(line(figure, runs));
    if (values.keep) keep(result);
  }
}

function choose(ids: readonly string[]): readonly Scenario[] {
  const possible = SCENARIOS.map(({ id }) => id);
  const unknown = ids.find((id) => !possible.includes(id));
  if (unknown) throw new Error(`there is no scenario "${unknown}" here: ${possible.join(', ')}`);
  return SCENARIOS.filter(({ id }) => ids.length === 0 || ids.includes(id));
}

/** Each run has fresh servers: what one left in memory must not weigh on the next. */
async function measure({ name, start }: NamedSystem, scenario: Scenario, runs: number): Promise<Result> {
  const all: Figure[][] = [];
  for (let run = 0; run < runs; run++) all.push(await scenario.run(start));
  return resultOf(name, scenario, all);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
