/**
 * `npm run capacity`: what clusters bear, from the costs that were measured, and the tables of CAPACITY.md. `-- --fit` fits
 * the costs on what is kept in loadtest/results first; `-- --check` runs two loads they were not fitted on, prints what
 * was predicted beside what was measured, and keeps it.
 */
import { parseArgs } from 'node:util';
import { GENERATOR_CORE, pin, unpinnable } from '../bench/cores.ts';
import { beTheOnlyBench } from '../bench/only-bench.ts';
import { place } from '../bench/place.ts';
import { short } from '../bench/report.ts';
import { startKryton } from '../bench/systems/kryton.ts';
import {
  keepChecks,
  keepCosts,
  keepPage,
  readChecks,
  readCosts,
  readPage,
  withTables,
} from './capacity-page.ts';
import { type Check, compared, runChecks } from './check.ts';
import { fitResults } from './fit.ts';
import { tables } from './tables.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { fit: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
  });
  if (values.fit) {
    const { costs, misses } = fitResults();
    for (const { role, sample, share } of misses)
      console.log(`${role.padEnd(9)} ${sample.padEnd(18)} ${share >= 0 ? '+' : ''}${short(share * 100)} %`);
    keepCosts(costs);
  }
  const costs = readCosts();
  if (values.check) {
    await beTheOnlyBench();
    pin(GENERATOR_CORE, [process.pid]);
    const warning = unpinnable();
    if (warning) console.log(`The figures cannot be compared with others: ${warning}.`);
    const checks = await runChecks(startKryton);
    for (const check of checks) show(check);
    keepChecks({ ...place(), checks });
  }
  const checks = readChecks();
  for (const table of Object.values(tables(costs, checks))) console.log(`\n${table}`);
  keepPage(withTables(readPage(), costs, checks));
}

function show(check: Check): void {
  console.log(`\n${check.name}: generator lag p99 ${short(check.measured.generatorLagMs)} ms`);
  for (const { name, unit, predicted, measured } of compared(check, readCosts()))
    console.log(`    ${name.padEnd(20)} predicted ${short(predicted)}, measured ${short(measured)} ${unit}`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
