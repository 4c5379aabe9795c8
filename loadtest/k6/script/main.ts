/**
 * What k6 runs, for every scenario: `plan.json` beside it says what to do, and where the sessions are. The figures go to
 * the file that `SUMMARY` in the environment names, or to stdout. `npm run load` makes all of it.
 */
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { longestMs, type PlanFile, type SessionSeed, vusOf } from '../load-plan.ts';
import { levelsOf } from '../service-levels.ts';
import { judge } from './judge.ts';
import { Visitor } from './visitor.ts';

// Of k6; declared here, because its global types would be those of every file of this repository.
declare const __ENV: Readonly<Record<string, string | undefined>>;
declare function open(path: string): string;

const plan = JSON.parse(open('./plan.json')) as PlanFile;
/** Once in memory, for all engines. */
const seeds = new SharedArray('sessions', () => JSON.parse(open(plan.sessionsFile)) as SessionSeed[]);

export const options: Options = {
  scenarios: {
    [plan.scenario.replaceAll('-', '_')]: {
      executor: 'per-vu-iterations',
      vus: vusOf(plan),
      iterations: 1,
      maxDuration: `${Math.ceil(longestMs(plan) / 1_000)}s`,
    },
  },
  thresholds: Object.fromEntries(
    Object.entries(levelsOf(plan)).map(([metric, conditions]) => [metric, [...conditions]]),
  ),
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max', 'count'],
};

/**
 * One virtual user: several sessions, on one event loop, which ends when all of them have. Where several k6 share the
 * load (`--execution-segment`), its number is one of all of theirs.
 */
export default function live(): void {
  const first = (exec.vu.idInTest - 1) * plan.sessionsPerVu;
  const mine = Math.min(plan.sessionsPerVu, plan.sessions - first);
  const startMs = exec.scenario.startTime;
  const visitors = Array.from({ length: mine }, (_, index) => {
    const seed = seeds[first + index];
    if (!seed) throw new Error(`there are no credentials for session ${first + index}`);
    return new Visitor(plan, seed, first + index, startMs);
  });
  for (const visitor of visitors) visitor.live();
  setTimeout(() => void judge(plan, visitors), startMs + plan.joinMs + plan.runMs - Date.now());
}

/** k6 calls it at the end with every figure. */
export function handleSummary(data: unknown): Record<string, string> {
  return { [__ENV['SUMMARY'] ?? 'stdout']: `${JSON.stringify(data)}\n` };
}
