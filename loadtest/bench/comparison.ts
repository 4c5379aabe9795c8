import { cpus, loadavg } from 'node:os';
import { type Place, place } from './place.ts';
import type { Figure, Scenario } from './scenario.ts';
import { type Spread, spreadOf } from './spread.ts';
import type { NamedSystem } from './systems/all-systems.ts';

/** One figure of two systems; what the other one has no such figure for is null. */
export type ComparedFigure = {
  readonly name: string;
  readonly unit: string;
  readonly ours: Spread;
  readonly other: Spread | null;
  /** Ours as a part of the other's, taken round by round: what slows a machine down slows both. */
  readonly ratio: Spread | null;
  /** The largest ratio that meets the target; null where it is only shown. */
  readonly share: number | null;
};

/** A scenario on two systems in one go. */
export type Comparison = Pick<Scenario, 'id' | 'question' | 'nonGoals'> &
  Place & {
    readonly system: string;
    readonly beside: string;
    readonly rounds: number;
    /** Processes per core that wanted to run when each round began: above 0.2 or so it was not this bench alone. */
    readonly load: Spread;
    readonly figures: readonly ComparedFigure[];
  };

type Round = { readonly ours: readonly Figure[]; readonly other: readonly Figure[] };

/** Runs a scenario on both systems by turns, each time on fresh servers; each second round begins with the other one. */
export async function compare(
  scenario: Scenario,
  { system, beside, rounds }: { system: NamedSystem; beside: NamedSystem; rounds: number },
): Promise<Comparison> {
  const measured: Round[] = [];
  const loads: number[] = [];
  for (let round = 0; round < rounds; round++) {
    loads.push((loadavg()[0] ?? 0) / cpus().length);
    if (round % 2 === 0) {
      const ours = await scenario.run(system.start);
      measured.push({ ours, other: await scenario.run(beside.start) });
    } else {
      const other = await scenario.run(beside.start);
      measured.push({ ours: await scenario.run(system.start), other });
    }
  }
  const { id, question, nonGoals } = scenario;
  const named = { id, question, nonGoals, system: system.name, beside: beside.name };
  return { ...named, ...place(), rounds, load: spreadOf(loads), figures: comparedFigures(measured) };
}

/** The figures of the first round name those of all; a system has the same in each. */
export function comparedFigures(rounds: readonly Round[]): ComparedFigure[] {
  const [first] = rounds;
  return (first?.ours ?? []).map(({ name, unit, share = null }) => {
    const pairs = rounds.map(({ ours, other }) => ({
      our: figureOf(ours, name),
      their: figureOf(other, name),
    }));
    const both = pairs.flatMap(({ our, their }) => (our === null || their === null ? [] : [{ our, their }]));
    return {
      name,
      unit,
      share,
      ours: spreadOf(pairs.flatMap(({ our }) => our ?? [])),
      other: both.length === 0 ? null : spreadOf(both.map(({ their }) => their)),
      ratio: both.length === 0 ? null : spreadOf(both.map(({ our, their }) => our / their)),
    };
  });
}

function figureOf(figures: readonly Figure[], name: string): number | null {
  return figures.find((figure) => figure.name === name)?.value ?? null;
}
