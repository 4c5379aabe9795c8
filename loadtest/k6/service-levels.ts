import type { LoadPlan } from './load-plan.ts';
import { ALWAYS, STEPS } from './steps.ts';

/** Conditions of k6 by metric (https://grafana.com/docs/k6/latest/using-k6/thresholds/). */
export type Levels = Readonly<Record<string, readonly string[]>>;

/** What holds at any load, on any machine, whatever is broken meanwhile. */
const COMPLETE: Levels = {
  deliveries_missing: ['count==0'],
  edits_lost: ['count==0'],
  sessions_converged: ['rate==1'],
};

/** Whether a metric is of those that a generator which is late cannot make worse. */
export function isAboutCompleteness(metric: string): boolean {
  return metric in COMPLETE || metric in ACTIVE;
}

/** Where people edit, something must have been there to arrive: else the rest says nothing. */
const ACTIVE: Levels = { deliveries_expected: ['count>0'] };

/** A keystroke of somebody else is felt as immediate below that, in ms. */
export const PROMPT_MS = 100;

/** All times in ms. */
const JOINED: Levels = { time_to_sync: ['p(95)<1000'] };

const PROMPT: Levels = {
  'delivery_latency{path:same}': [`p(95)<${PROMPT_MS}`, 'p(99)<250'],
  'delivery_latency{path:across}': [`p(95)<${PROMPT_MS}`, 'p(99)<250'],
};

/** No level, but told. */
const TOLD: Levels = {
  'delivery_latency{path:same}': [ALWAYS],
  'delivery_latency{path:across}': [ALWAYS],
};

/** No connection ends before its session does. */
const HELD: Levels = { sessions_held: ['rate==1'] };

/** From the end of a connection until its session is synced again, in ms. */
const BACK: Levels = { reconnect_time: ['p(95)<5000', 'max<20000'] };

/** Where each session is seen by the others; and that they see it where it is, at the end. */
const PRESENT: Levels = {
  presence_missing: ['count==0'],
  'presence_latency{path:same}': ['p(95)<120'],
  'presence_latency{path:across}': ['p(95)<120'],
};

/** Hashing a password costs a node some 50 ms of a core, so those who come at once wait for each other. */
const SIGNED_IN: Levels = { sign_ins_accepted: ['rate==1'], sign_in_time: ['p(95)<10000'] };

/**
 * How late the generator may take up what its sockets have read (p99): half of the strictest level. Above it latencies
 * are its own and not the cluster's.
 */
export const LAG_BOUND_MS = 50;

/** What a run of the plan is held to. */
export function levelsOf(plan: LoadPlan): Levels {
  const { scenario, isDisturbed, editEveryMs, moveEveryMs, hasSignIns } = plan;
  const isRamp = scenario === 'ramp';
  return {
    ...COMPLETE,
    ...JOINED,
    ...(isDisturbed ? BACK : HELD),
    ...(editEveryMs === null ? {} : ACTIVE),
    ...(editEveryMs === null ? {} : isDisturbed || isRamp ? TOLD : PROMPT),
    ...(moveEveryMs === null ? {} : PRESENT),
    ...(hasSignIns ? SIGNED_IN : {}),
    // It goes on until it is slow, and says from where on.
    ...(isRamp ? STEPS : {}),
  };
}
