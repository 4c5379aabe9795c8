import { randomInt } from 'node:crypto';
import { place } from '../bench/place.ts';
import { allConnected, DISTURBANCES } from './disturbances.ts';
import { type LoadPlan, longestMs, type Shape } from './load-plan.ts';
import {
  type Disturbed,
  figuresIn,
  judgeDisturbed,
  judgeRun,
  type LoadResult,
  levelsIn,
} from './load-result.ts';
import type { LocalTarget } from './local-target.ts';
import { watchMemory } from './memory-watch.ts';
import { type K6Run, requireK6, runK6 } from './run-k6.ts';
import type { ScenarioName } from './scenarios.ts';
import { PROMPT_MS } from './service-levels.ts';
import { slowFromSessions } from './steps.ts';
import type { Target } from './target.ts';

export type LoadRun = Pick<K6Run, 'reportFile' | 'prometheusUrl' | 'isVisible'> & {
  readonly scenario: ScenarioName;
  readonly shape: Shape;
  readonly target: Target;
  /** The same, where it is a cluster of this command's own: it can be disturbed, and its memory looked at. */
  readonly local: LocalTarget | null;
  readonly say: (line: string) => void;
};

/** Makes the sessions, runs k6 and disturbs the cluster meanwhile, and says how it was. */
export async function runLoad({ scenario, shape, target, local, say, ...run }: LoadRun): Promise<LoadResult> {
  const k6 = requireK6();
  const late = local ? Math.floor(shape.sessions * shape.lateShare) : 0;
  const seeds = await target.sessions(shape.sessions, shape.roomSize, late);
  const plan = planOf({ scenario, shape, url: target.url, hasSignIns: late > 0 });
  const startedMs = performance.now();
  const disturbances: Disturbed[] = [];
  const told = local ? watchMemory(local) : () => [];
  const disturb = async () => {
    const disturbance = DISTURBANCES[scenario];
    if (!disturbance || !local) return;
    await allConnected(local, shape.sessions, longestMs(shape));
    await disturbance(local, (what) => {
      const atS = Math.round((performance.now() - startedMs) / 100) / 10;
      disturbances.push({ atS, what });
      say(`${atS} s: ${what}`);
    });
  };
  const [summary] = await Promise.all([runK6({ k6, plan, seeds, ...run }), disturb()]);
  const { question, ...size } = shape;
  return {
    scenario,
    ...judgeDisturbed(judgeRun(summary, shape.sessions), disturbances, shape),
    place: { ...place(), k6: k6.version },
    target: local ? `${local.cluster.nodes.length} nodes of this machine behind nginx` : target.url,
    shape: size,
    levels: levelsIn(summary),
    figures: figuresIn(summary),
    ...(scenario === 'ramp' ? { slowFromSessions: slowFromSessions(summary.metrics, shape, PROMPT_MS) } : {}),
    memory: told(),
    disturbances,
  };
}

/** A plan for one run, which no other run has. */
export function planOf({ shape, ...more }: Omit<LoadPlan, 'run' | keyof Shape> & { shape: Shape }): LoadPlan {
  return { ...shape, ...more, run: randomInt(1, 0x10000) };
}
