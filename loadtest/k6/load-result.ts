import type { Place } from '../bench/place.ts';
import type { Shape } from './load-plan.ts';
import type { MemoryCourse } from './memory-watch.ts';
import { isAboutCompleteness, LAG_BOUND_MS } from './service-levels.ts';
import { ALWAYS } from './steps.ts';

/** What k6 hands to `handleSummary`: of that, what is used. */
export type Summary = {
  readonly metrics: Readonly<
    Record<
      string,
      {
        readonly values: Readonly<Record<string, number>>;
        readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
      }
    >
  >;
};

export type Level = { readonly metric: string; readonly condition: string; readonly holds: boolean };

/** `invalid`: the generator was late itself, so its times say nothing; run it on a larger or a quieter machine. */
export type Verdict = 'passed' | 'failed' | 'invalid';

/** One run, as `loadtest/results/k6` keeps it. */
export type LoadResult = {
  readonly scenario: string;
  readonly verdict: Verdict;
  /** Why it is not `passed`, one line each. */
  readonly reasons: readonly string[];
  readonly place: Place & { readonly k6: string };
  readonly target: string;
  readonly shape: Omit<Shape, 'question'>;
  readonly levels: readonly Level[];
  /** Of the metrics that this load test defines, by k6's names; times in ms. */
  readonly figures: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of `ramp`: with how many sessions deliveries got slow; null where they never did. */
  readonly slowFromSessions?: number | null;
  /** Of a local cluster. */
  readonly memory: readonly MemoryCourse[];
  readonly disturbances: readonly Disturbed[];
};

/** What was done to the cluster, and when, in seconds after the start. */
export type Disturbed = { readonly atS: number; readonly what: string };

/** k6's own of HTTP, its iterations and what it sent; the sockets' are kept. */
const OF_K6 = /^(http_|iteration|vus|data_|checks|group_)/;

export function levelsIn(summary: Summary): Level[] {
  return Object.entries(summary.metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds)
      .filter(([condition]) => condition !== ALWAYS)
      .map(([condition, { ok }]) => ({ metric, condition, holds: ok })),
  );
}

export function figuresIn(summary: Summary): LoadResult['figures'] {
  const kept = Object.entries(summary.metrics).filter(([metric]) => !OF_K6.test(metric));
  const rounded = (values: Readonly<Record<string, number>>) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, Math.round(value * 1_000) / 1_000]),
    );
  return Object.fromEntries(kept.map(([metric, { values }]) => [metric, rounded(values)]));
}

/** A disturbance that nobody was there to notice any more makes a run that passed say nothing. */
export function judgeDisturbed(
  { verdict, reasons }: Pick<LoadResult, 'verdict' | 'reasons'>,
  disturbances: readonly Disturbed[],
  { joinMs, runMs }: Pick<Shape, 'joinMs' | 'runMs'>,
): Pick<LoadResult, 'verdict' | 'reasons'> {
  const endS = (joinMs + runMs) / 1_000;
  const late = disturbances.find(({ atS }) => atS > endS);
  if (!late) return { verdict, reasons };
  const reason = `${late.what} came after the end of the run: it takes a longer --duration`;
  return { verdict: verdict === 'passed' ? 'invalid' : verdict, reasons: [reason, ...reasons] };
}

/**
 * What is missing is missing however late the generator was; times count only where it was not. `sessions` is how many
 * had to say at their end how they were.
 */
export function judgeRun(summary: Summary, sessions: number): { verdict: Verdict; reasons: string[] } {
  const { passes = 0, fails = 0 } = summary.metrics['sessions_converged']?.values ?? {};
  const broken = levelsIn(summary).filter(({ holds }) => !holds);
  const incomplete = broken.filter(({ metric }) => isAboutCompleteness(metric));
  const reasons = broken.map(({ metric, condition }) => `${metric}: not ${condition}`);
  const silent = sessions - passes - fails;
  if (silent !== 0)
    reasons.unshift(`${silent} of ${sessions} sessions did not tell how they were at their end`);
  const lagMs = summary.metrics['generator_lag']?.values['p(99)'] ?? 0;
  const isLate = lagMs > LAG_BOUND_MS;
  if (isLate)
    reasons.unshift(`the generator was ${Math.round(lagMs)} ms late (p99; ${LAG_BOUND_MS} are allowed)`);
  if (incomplete.length > 0 || silent !== 0) return { verdict: 'failed', reasons };
  if (isLate) return { verdict: 'invalid', reasons };
  return { verdict: broken.length > 0 ? 'failed' : 'passed', reasons };
}
