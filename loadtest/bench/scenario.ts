import { type GeneratorState, LAG_BOUND_MS } from './generator-watch.ts';
import type { StartSystem } from './system.ts';
import type { CpuUsed } from './usage.ts';

/** One figure of a scenario; `target` is the highest value that meets it, null where it is only shown. */
export type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly target: number | null;
  /** The largest share of the other system's figure that meets the target, where it is one of the comparison. */
  readonly share?: number;
};

export type Scenario = {
  readonly id: string;
  readonly question: string;
  /** What the figures do not say. */
  readonly nonGoals: string;
  /** Where the targets come from, in words. */
  readonly target: string;
  /** One run on servers of its own. */
  run(start: StartSystem): Promise<Figure[]>;
};

export const shown = (name: string, unit: string, value: number): Figure => ({
  name,
  unit,
  value,
  target: null,
});

/** A share of what another system was measured to need: the target itself, and in us, s, … until both are measured. */
export const shareOf = (share: number, needed: number): Pick<Figure, 'target' | 'share'> => ({
  share,
  target: share * needed,
});

/** CPU per unit of work in us: all that counts against the target, then each role's part of it. */
export function cpuFigures(
  cpu: CpuUsed,
  per: string,
  units: number,
  target: Pick<Figure, 'target' | 'share'>,
): Figure[] {
  const parts = [...cpu.byRole].map(([role, ms]) => {
    return shown(role === 'database' ? 'beside it: database' : `of it: ${role}`, 'us', (ms * 1_000) / units);
  });
  return [
    { name: `CPU per ${per}`, unit: 'us', value: (cpu.countedMs * 1_000) / units, ...target },
    ...parts,
  ];
}

export const GENERATOR_LAG = 'generator lag p99 (validity)';

/** The generator's own lag; above the bound the run says nothing about the servers. */
export function generatorFigures({ lagMs, busy }: GeneratorState): Figure[] {
  return [
    { name: GENERATOR_LAG, unit: 'ms', value: lagMs, target: LAG_BOUND_MS },
    shown('generator busy', '%', busy * 100),
  ];
}
