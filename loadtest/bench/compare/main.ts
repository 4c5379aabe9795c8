/**
 * `npm run compare [-- P1 P2 …] [--rounds 5] [--systems Hocuspocus,Kryton] [--keep]`: the scenarios side by side.
 * `--keep` writes to loadtest/results after each round, so that what was measured is not lost when it is interrupted.
 */
import { parseArgs } from 'node:util';
import { GENERATOR_CORE, pin, unpinnable } from '../cores.ts';
import { beTheOnlyBench } from '../only-bench.ts';
import { place } from '../place.ts';
import { SHORT } from '../scenario.ts';
import { SYSTEMS, systemNamed } from '../systems/all-systems.ts';
import type { Comparison } from './comparison.ts';
import { terminalLines } from './comparison-page.ts';
import { type Contest, contestsOf } from './contests.ts';
import { keepComparison, writeComparisonPage } from './kept-comparisons.ts';
import { type RoundsOptions, runRounds } from './rounds.ts';
import { measuredVersions } from './versions.ts';

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      systems: { type: 'string', default: SYSTEMS.map(({ name }) => name).join(',') },
      keep: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds "${values.rounds}" is not a whole number above 0`);
  const systems = values.systems.split(',').map(systemNamed);
  const contests = contestsOf(positionals);
  await beTheOnlyBench();
  pin(GENERATOR_CORE, [process.pid]);
  const warning = unpinnable();
  if (warning) console.log(`The figures cannot be compared with others: ${warning}.`);
  for (const contest of contests) {
    for (const comparison of await measured(contest, { systems, rounds, span: SHORT }, values.keep))
      for (const line of terminalLines(comparison)) console.log(line);
    if (values.keep) writeComparisonPage();
  }
}

async function measured(
  contest: Contest,
  options: Pick<RoundsOptions, 'systems' | 'rounds' | 'span'>,
  keeps: boolean,
): Promise<readonly Comparison[]> {
  for (const { id, question, nonGoals, target } of contest.scenarios)
    console.log(`\n${id}  ${question}\n    ${nonGoals}\n    Target: ${target}`);
  const about = { ...place(), versions: measuredVersions(), span: options.span, absent: contest.absent };
  let comparisons: readonly Comparison[] = [];
  await runRounds(contest, {
    ...options,
    onRun: (round, system) => {
      console.log(
        `    ${new Date().toISOString().slice(11, 19)} round ${round + 1} of ${options.rounds}: ${system}`,
      );
    },
    onRound: (soFar) => {
      comparisons = contest.scenarios.map(({ id, question, nonGoals, target }) => {
        const systems = options.systems.map(({ name }) => name);
        return { id, question, nonGoals, target, ...about, systems, rounds: soFar[id] ?? [] };
      });
      if (keeps) for (const comparison of comparisons) keepComparison(comparison);
    },
  });
  return comparisons;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
