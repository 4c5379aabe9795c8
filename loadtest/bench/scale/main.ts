/**
 * `npm run bench:scale [-- idle-10000 …] [--hold-minutes N] [--share S] [--keep]`: thousands of connections, documents
 * and observers, and a very large document. `--share 0.1` tries them out with a tenth of everything. `--keep` writes to
 * loadtest/results.
 */
import { parseArgs } from 'node:util';
import { GENERATOR_CORE, pin, unpinnable } from '../cores.ts';
import { beTheOnlyBench } from '../only-bench.ts';
import { line, resultOf } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { startKryton } from '../systems/kryton.ts';
import { idleCrowd } from './idle-crowd.ts';
import { largeJoin } from './large-join.ts';
import { observers } from './observers.ts';
import { openDocuments } from './open-documents.ts';
import { keepScale } from './scale-report.ts';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      'hold-minutes': { type: 'string', default: '10' },
      share: { type: 'string', default: '1' },
      keep: { type: 'boolean', default: false },
    },
  });
  const options = {
    holdMs: above0('--hold-minutes', values['hold-minutes']) * 60_000,
    share: above0('--share', values.share),
  };
  if (values.keep && options.share !== 1) throw new Error('--keep is for the full size: leave out --share');
  const scenarios = [observers, openDocuments, largeJoin, idleCrowd].map((scenario) => scenario(options));
  const chosen = choose(scenarios, positionals);
  await beTheOnlyBench();
  pin(GENERATOR_CORE, [process.pid]);
  const warning = unpinnable();
  if (warning) console.log(`The figures cannot be compared with others: ${warning}.`);
  for (const scenario of chosen) {
    console.log(`\n${scenario.id}  ${scenario.question}\n    ${scenario.nonGoals}\n    ${scenario.target}`);
    const result = resultOf('Kryton', scenario, [await scenario.run(startKryton)]);
    for (const figure of result.figures) console.log(line(figure, 1));
    if (values.keep) keepScale(result);
  }
}

function choose(scenarios: readonly Scenario[], ids: readonly string[]): readonly Scenario[] {
  const known = scenarios.map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown) throw new Error(`there is no scenario "${unknown}" here: ${known.join(', ')}`);
  return scenarios.filter(({ id }) => ids.length === 0 || ids.includes(id));
}

function above0(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new Error(`${name} "${text}" is not a number above 0`);
  return value;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
