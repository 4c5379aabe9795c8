import { cpus, loadavg } from 'node:os';
import type { Figure, Span } from '../scenario.ts';
import type { NamedSystem } from '../systems/all-systems.ts';
import type { Contest } from './contests.ts';

/** What one run of one system came to. */
export type Outcome = { readonly figures: readonly Figure[] } | { readonly failed: string };

/** All systems once, one after the other. */
export type Round = {
  /** Processes per core that wanted to run in the minute before: this bench's own, except for the first round. */
  readonly load: number;
  readonly outcomes: Readonly<Record<string, Outcome>>;
};

export type RoundsOptions = {
  readonly systems: readonly NamedSystem[];
  readonly rounds: number;
  readonly span: Span;
  /** Called before each run, and with the rounds so far of every scenario (by its id) after each round. */
  readonly onRun: (round: number, system: string) => void;
  readonly onRound: (soFar: Readonly<Record<string, readonly Round[]>>) => void;
};

/**
 * Runs a contest on all systems by turns, each time on fresh servers; each round begins with the next of them. A run
 * that fails is an outcome too: that a server breaks under a load is said, and the others go on.
 */
export async function runRounds(contest: Contest, options: RoundsOptions): Promise<void> {
  const { rounds, span, onRun, onRound } = options;
  const systems = options.systems.filter(({ name }) => !(name in contest.absent));
  const ids = contest.scenarios.map(({ id }) => id);
  const soFar: Record<string, Round[]> = Object.fromEntries(ids.map((id) => [id, []]));
  for (let round = 0; round < rounds; round++) {
    const load = (loadavg()[0] ?? 0) / cpus().length;
    const outcomes: Record<string, Record<string, Outcome>> = Object.fromEntries(ids.map((id) => [id, {}]));
    for (const system of turned(systems, round)) {
      onRun(round, system.name);
      const found = await outcomesOf(contest, system, span);
      for (const id of ids) Object.assign(outcomes[id] ?? {}, { [system.name]: found(id) });
    }
    for (const id of ids) soFar[id]?.push({ load, outcomes: outcomes[id] ?? {} });
    onRound(soFar);
  }
}

async function outcomesOf(
  contest: Contest,
  { start }: NamedSystem,
  span: Span,
): Promise<(id: string) => Outcome> {
  try {
    const figures = await contest.run(start, span);
    return (id) => ({ figures: figures[id] ?? [] });
  } catch (error) {
    const [failed = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return () => ({ failed });
  }
}

function turned<Item>(items: readonly Item[], by: number): readonly Item[] {
  const first = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
