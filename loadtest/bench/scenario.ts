import { type GeneratorState, LAG_BOUND_MS } from './generator-watch.ts';
import type { StartSystem } from './system.ts';
import type { CpuUsed } from './usage.ts';

/** One figure of a scenario; `target` is the highest value that meets it, null where it is only shown. */
export type Figure = {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly target: number | null;
  /** Where the target is a part of another system's figure, measured in the same comparison. */
  readonly share?: Share;
  /** The target has to hold in every run, not only in the median: a lost edit is one too many. */
  readonly isStrict?: true;
};

/** At most `most` times what `of` needs. */
export type Share = { readonly of: 'Hocuspocus' | 'relay'; readonly most: number };

/** How long people who act are left to it, and how much of that is measured. */
export type Span = { readonly warmUpMs: number; readonly measureMs: number };

/** For a look at one system. */
export const LONG: Span = { warmUpMs: 5_000, measureMs: 20_000 };
/** For a comparison, whose many rounds of every system make up for it. */
export const SHORT: Span = { warmUpMs: 3_000, measureMs: 8_000 };

export type Scenario = {
  readonly id: string;
  readonly question: string;
  /** What the figures do not say. */
  readonly nonGoals: string;
  /** Where the targets come from, in words. */
  readonly target: string;
  /** One run on servers of its own; `span` says for how long, where people act, {@link LONG} unless told. */
  run(start: StartSystem, span?: Span): Promise<Figure[]>;
};

export const shown = (name: string, unit: string, value: number): Figure => ({
  name,
  unit,
  value,
  target: null,
});

/** Nothing of the kind, in no run. */
export const none = (name: string, value: number): Figure => ({
  name,
  unit: '',
  value,
  target: 0,
  isStrict: true,
});

/** A share of what Hocuspocus was measured to need: the target itself, and in us, s, … until both are measured. */
export const shareOf = (most: number, needed: number): Pick<Figure, 'target' | 'share'> => ({
  share: { of: 'Hocuspocus', most },
  target: most * needed,
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
