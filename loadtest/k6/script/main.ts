/**
 * What k6 runs, for every scenario: `PLAN` and `SESSIONS` in the environment name the files with what to do, and
 * `SUMMARY` the one to write the figures to. `npm run load` makes the first two.
 */
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import type { Options } from 'k6/options';
import { setTimeout } from 'k6/timers';
import { type LoadPlan, longestMs, type SessionSeed, vusOf } from '../load-plan.ts';
import { levelsOf } from '../service-levels.ts';
import { judge } from './judge.ts';
import { Visitor } from './visitor.ts';

// Of k6; declared here, because its global types would be those of every file of this repository.
declare const __ENV: Readonly<Record<string, string | undefined>>;
declare function open(path: string): string;

const plan = JSON.parse(open(named('PLAN'))) as LoadPlan;
/** Once in memory, for all engines. */
const seeds = new SharedArray('sessions', () => JSON.parse(open(named('SESSIONS'))) as SessionSeed[]);

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

/** One virtual user: several sessions, on one event loop, which ends when all of them have. */
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
  return { [named('SUMMARY')]: JSON.stringify(data) };
}

function named(variable: string): string {
  const value = __ENV[variable];
  if (!value) throw new Error(`the variable ${variable} is not set; start this with "npm run load"`);
  return value;
}
