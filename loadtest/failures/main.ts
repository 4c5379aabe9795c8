/**
 * `npm run compare:failures [-- mid-save killed-node …] [--systems Kryton,Hocuspocus] [--rounds N] [--keep]`: what each
 * system acknowledged and what of it survived five kinds of failures. `--keep` writes to loadtest/results.
 */
import { parseArgs } from 'node:util';
import { startFailingHocuspocus, startFailingRelay, startFailingYRedis } from './alternatives.ts';
import type { FailingSystem, StartFailingSystem } from './failing-system.ts';
import { FAILURES, type Failure } from './failures.ts';
import { startFailingKryton } from './kryton-system.ts';
import { type Outcome, summarize } from './outcome.ts';
import { type FailureResult, keepReport, lineOf, reportOf, type SystemFacts } from './report.ts';

const SYSTEMS: Readonly<Record<string, StartFailingSystem>> = {
  Kryton: startFailingKryton,
  Hocuspocus: startFailingHocuspocus,
  'y-redis': startFailingYRedis,
  relay: startFailingRelay,
};

type Ran = { readonly facts: SystemFacts; readonly results: readonly FailureResult[] };

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      systems: { type: 'string', default: Object.keys(SYSTEMS).join(',') },
      rounds: { type: 'string', default: '3' },
      keep: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds "${values.rounds}" is not a whole number above 0`);
  const failures = chooseFailures(positionals);
  const starts = values.systems.split(',').map((name) => {
    const start = SYSTEMS[name];
    if (!start) throw new Error(`there is no system "${name}": ${Object.keys(SYSTEMS).join(', ')}`);
    return start;
  });
  // Side by side: nearly all of the time is waiting, and nothing is measured finely.
  const ran = await Promise.all(starts.map((start) => runOn(start, failures, rounds)));
  if (!values.keep) return;
  const results = ran.flatMap((each) => each.results);
  const systems = ran.map(({ facts }) => facts);
  keepReport(
    reportOf({ rounds, systems, failures: failures.map(({ id, story }) => ({ id, story })), results }),
  );
}

function chooseFailures(ids: readonly string[]): readonly Failure[] {
  const unknown = ids.find((id) => !FAILURES.some((failure) => failure.id === id));
  if (unknown)
    throw new Error(`there is no failure "${unknown}": ${FAILURES.map(({ id }) => id).join(', ')}`);
  return FAILURES.filter(({ id }) => ids.length === 0 || ids.includes(id));
}

async function runOn(start: StartFailingSystem, failures: readonly Failure[], rounds: number): Promise<Ran> {
  const system = await start();
  const { name, acknowledgement, configuration } = system;
  try {
    const results: FailureResult[] = [];
    for (const failure of failures) {
      const { id } = failure;
      if (!failure.appliesTo(system)) {
        results.push({ failure: id, system: name, cases: null });
        continue;
      }
      const outcomes: Outcome[] = [];
      for (let round = 1; round <= rounds; round++) outcomes.push(...(await runOnce(system, failure, round)));
      const cases = [...Map.groupBy(outcomes, ({ what }) => what).values()].map(summarize);
      for (const summary of cases) console.log(lineOf(name, id, summary));
      results.push({ failure: id, system: name, cases });
    }
    return { facts: { name, acknowledgement, configuration }, results };
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    await system.stop();
  }
}

async function runOnce(system: FailingSystem, failure: Failure, round: number): Promise<Outcome[]> {
  const before = system.nodes.map((node) => node.ends());
  const outcomes = await failure.run(system, round);
  const notes = system.nodes.flatMap((node, index) =>
    node.ends() > (before[index] ?? 0) ? [`node ${index + 1} ended by itself`] : [],
  );
  return outcomes.map((outcome) => ({ ...outcome, notes }));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
