import type { Shape } from './load-plan.ts';

/** `ramp` tells the latencies of so many parts of a run. */
const STEP_COUNT = 10;

/** k6 keeps the figures of one part by themselves only where there is a level for them; this one always holds. */
export const ALWAYS = 'max>=0';

export const STEPS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Array.from({ length: STEP_COUNT }, (_, index) => [metricOf(index + 1), [ALWAYS]]),
);

/** The part of a run (1 to 10) that `share` of its time lies in. */
export function stepOf(share: number): number {
  return Math.min(STEP_COUNT, Math.max(1, Math.ceil(share * STEP_COUNT)));
}

type Figures = Readonly<Record<string, { readonly values: Readonly<Record<string, number>> }>>;

/** How many sessions there were in the first part in which 5 % of the deliveries took longer than `promptMs`; null for none. */
export function slowFromSessions(
  metrics: Figures,
  { sessions, joinMs, runMs }: Shape,
  promptMs: number,
): number | null {
  for (let step = 1; step <= STEP_COUNT; step++) {
    const p95 = metrics[metricOf(step)]?.values['p(95)'] ?? 0;
    if (p95 <= promptMs) continue;
    const endMs = ((joinMs + runMs) * step) / STEP_COUNT;
    return Math.round(sessions * Math.min(1, endMs / joinMs));
  }
  return null;
}

function metricOf(step: number): string {
  return `delivery_latency{step:${step}}`;
}
