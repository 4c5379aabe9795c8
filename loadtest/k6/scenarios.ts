import type { Shape } from './load-plan.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Rooms of six, each of them with two edits a second from everybody: what most scenarios vary. */
const STEADY: Shape = {
  question: 'Rooms of six, everybody edits twice a second: does everything arrive, and how soon?',
  roomSize: 6,
  sessions: 30,
  sessionsPerVu: 6,
  joinMs: 5 * SECOND,
  runMs: MINUTE,
  editEveryMs: 500,
  moveEveryMs: null,
  lateShare: 0,
  agreeWithinMs: 20 * SECOND,
  isDisturbed: false,
};

/**
 * Every scenario by the name that the command takes; `--sessions` and `--duration` change their size. But for the soak,
 * they are as large as k6 bears on two cores that it shares with the cluster.
 */
export const SCENARIOS = {
  smoke: {
    ...STEADY,
    question: 'Does everything work at all, end to end?',
    roomSize: 3,
    sessions: 6,
    sessionsPerVu: 3,
    joinMs: SECOND,
    runMs: 4 * SECOND,
  },
  steady: STEADY,
  'hot-document': {
    ...STEADY,
    question: 'One document, everybody edits it: does everything arrive at everybody, and how soon?',
    roomSize: Number.POSITIVE_INFINITY,
    sessions: 20,
    sessionsPerVu: 10,
    joinMs: 10 * SECOND,
    editEveryMs: 20 * SECOND,
  },
  presence: {
    ...STEADY,
    question: 'Everybody moves a cursor once a second, nobody edits: does each see where the others are?',
    roomSize: 10,
    sessions: 20,
    sessionsPerVu: 10,
    editEveryMs: null,
    moveEveryMs: SECOND,
  },
  'idle-hold': {
    ...STEADY,
    question: 'Sessions that only stay: is each held for its full time, without one reconnect?',
    sessions: 90,
    sessionsPerVu: 30,
    joinMs: 15 * SECOND,
    runMs: 3 * MINUTE,
    editEveryMs: null,
  },
  ramp: {
    ...STEADY,
    question: 'More and more rooms of six that edit: at how many sessions do deliveries get slow?',
    sessions: 60,
    joinMs: MINUTE,
    runMs: 5 * SECOND,
  },
  spike: {
    ...STEADY,
    question: 'Six times as many come at once: do those who were there notice, and is everybody let in?',
    sessions: 36,
    lateShare: 5 / 6,
    editEveryMs: 4 * SECOND,
  },
  soak: {
    ...STEADY,
    question: 'The same for hours: is every session held, and does memory stay where it is?',
    sessions: 500,
    joinMs: 30 * SECOND,
    runMs: 60 * MINUTE,
    editEveryMs: 6 * SECOND,
  },
  'rolling-restart': {
    ...STEADY,
    question: 'Every node is replaced while people edit: is anything lost, and how long is anybody away?',
    sessions: 24,
    editEveryMs: 2 * SECOND,
    isDisturbed: true,
  },
  'node-kill': {
    ...STEADY,
    question: 'A node is killed while people edit: is anything lost, and how long is anybody away?',
    sessions: 24,
    editEveryMs: 2 * SECOND,
    isDisturbed: true,
  },
  'redis-failover': {
    ...STEADY,
    question: 'The master of Redis is killed, a replica takes over: is anything lost?',
    sessions: 12,
    editEveryMs: 2 * SECOND,
    isDisturbed: true,
  },
  'reconnect-storm': {
    ...STEADY,
    question: 'Every connection ends in one moment: how long until everybody is synced again?',
    sessions: 36,
    joinMs: 10 * SECOND,
    editEveryMs: 10 * SECOND,
    isDisturbed: true,
  },
} as const satisfies Readonly<Record<string, Shape>>;

export type ScenarioName = keyof typeof SCENARIOS;

/** The scenario of that name. Throws an Error that names all of them. */
export function scenarioNamed(name: string): ScenarioName {
  const found = SCENARIO_NAMES.find((each) => each === name);
  if (!found) throw new Error(`there is no scenario "${name}": ${SCENARIO_NAMES.join(', ')}`);
  return found;
}

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
