import { CLUSTER_SCENARIOS } from '../cluster-scenarios.ts';
import { CROWD_SCENARIOS } from '../crowd-scenarios.ts';
import { JOIN_SCENARIOS, openingAndIdle } from '../join-scenarios.ts';
import type { Figure, Scenario, Span } from '../scenario.ts';
import type { StartSystem } from '../system.ts';

/** Why a system is not in a scenario, by its name. */
export type Absent = Readonly<Record<string, string>>;

/** What is compared in one go: a scenario, or two whose figures come from the same run. */
export type Contest = {
  readonly scenarios: readonly Scenario[];
  readonly absent: Absent;
  /** One run on servers of its own: the figures of each scenario, by its id. */
  run(start: StartSystem, span: Span): Promise<Readonly<Record<string, readonly Figure[]>>>;
};

const NO_PRESENCE = 'no presence across nodes';
const NO_DOCUMENT = 'holds no document';
const ONE_PUBLISH = 'publishes each update once, as it is written';
const NO_LOG = 'has no log that is folded';
const NOT_ASKED = 'is killed in the comparison of failures';
const NOT_STORED = 'stores nothing here that a fresh node answers from';

/** P1 to P10 in their order. P3 and P4 are the same connections, first opened and then left alone. */
export const CONTESTS: readonly Contest[] = [
  alone('P1'),
  alone('P2'),
  { scenarios: [scenario('P3'), scenario('P4')], absent: {}, run: openingAndIdle },
  alone('P5', { 'y-redis': NO_PRESENCE }),
  alone('P5b', { 'y-redis': NO_PRESENCE }),
  alone('P6', { relay: NO_DOCUMENT }),
  alone('P7', { relay: NO_DOCUMENT, 'y-redis': NOT_STORED, Hocuspocus: NOT_STORED }),
  alone('P8', { relay: ONE_PUBLISH, 'y-redis': ONE_PUBLISH }),
  alone('P9', { relay: NO_LOG, 'y-redis': NO_LOG, Hocuspocus: NO_LOG }),
  alone('P10', { relay: NO_DOCUMENT, 'y-redis': NOT_ASKED, Hocuspocus: NOT_ASKED }),
];

/** The contests with these scenarios, all of them when none is named. Throws an Error that lists them. */
export function contestsOf(ids: readonly string[]): readonly Contest[] {
  const known = CONTESTS.flatMap(({ scenarios }) => scenarios.map(({ id }) => id));
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown) throw new Error(`there is no scenario "${unknown}" here: ${known.join(', ')}`);
  return CONTESTS.filter(({ scenarios }) => ids.length === 0 || scenarios.some(({ id }) => ids.includes(id)));
}

function alone(id: string, absent: Absent = {}): Contest {
  const only = scenario(id);
  return { scenarios: [only], absent, run: async (start, span) => ({ [id]: await only.run(start, span) }) };
}

function scenario(id: string): Scenario {
  const found = [...CROWD_SCENARIOS, ...JOIN_SCENARIOS, ...CLUSTER_SCENARIOS].find(
    (known) => known.id === id,
  );
  if (!found) throw new Error(`there is no scenario "${id}"`);
  return found;
}
