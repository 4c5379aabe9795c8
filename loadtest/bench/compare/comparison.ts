import { LAG_BOUND_MS } from '../generator-watch.ts';
import type { Place } from '../place.ts';
import { type Figure, GENERATOR_LAG, type Scenario, type Span } from '../scenario.ts';
import { type Spread, spreadOf } from '../spread.ts';
import type { Absent } from './contests.ts';
import type { Outcome, Round } from './rounds.ts';

/** Whose targets they are. */
export const OURS = 'Kryton';
/** What ratios are to where a figure does not say otherwise. */
const USUAL_BASE = 'Hocuspocus';

/** A scenario on several systems in one go, as it is kept: what was measured, and nothing that follows from it. */
export type Comparison = Pick<Scenario, 'id' | 'question' | 'nonGoals' | 'target'> &
  Place & {
    /** Of the packages that are measured. */
    readonly versions: Readonly<Record<string, string>>;
    readonly systems: readonly string[];
    readonly absent: Absent;
    readonly span: Span;
    readonly rounds: readonly Round[];
  };

/** One figure of all systems that have it. */
export type ComparedFigure = Pick<Figure, 'name' | 'unit' | 'isStrict'> & {
  readonly spreads: Readonly<Record<string, Spread>>;
  /** Of which system the ratios are parts. */
  readonly base: string;
  /** Each system's part of the base, taken round by round: what slows a machine down slows both. */
  readonly ratios: Readonly<Record<string, Spread>>;
  /** What meets the target: a ratio to the base, or a value. Null where the figure is only shown. */
  readonly bound: { readonly kind: 'ratio' | 'value'; readonly most: number } | null;
  /** Whether ours met it, and broke in no round; null without a bound, and where one of both sides is missing. */
  readonly isMet: boolean | null;
};

/** All figures, those of our system first. */
export function comparedFigures({
  systems,
  rounds,
}: Pick<Comparison, 'systems' | 'rounds'>): ComparedFigure[] {
  const order = [OURS, ...systems.filter((name) => name !== OURS)];
  const all = order.flatMap((system) => rounds.flatMap(({ outcomes }) => figuresOf(outcomes[system])));
  const names = new Map(all.toReversed().map((figure) => [figure.name, figure]));
  const inOrder = [...new Set(all.map(({ name }) => name))].flatMap((name) => names.get(name) ?? []);
  return inOrder.map((figure) => compared(figure, systems, rounds));
}

function compared(figure: Figure, systems: readonly string[], rounds: readonly Round[]): ComparedFigure {
  const { name, unit, isStrict } = figure;
  const base = figure.share?.of ?? USUAL_BASE;
  const spreads: Record<string, Spread> = {};
  const ratios: Record<string, Spread> = {};
  for (const system of systems) {
    const values = rounds.map(({ outcomes }) => ({
      own: figureIn(outcomes[system], name),
      base: figureIn(outcomes[base], name),
    }));
    const own = values.flatMap((value) => value.own ?? []);
    if (own.length > 0) spreads[system] = spreadOf(own);
    const parts = values.flatMap((value) => {
      return value.own === null || value.base === null || value.base === 0 ? [] : [value.own / value.base];
    });
    if (parts.length > 0) ratios[system] = spreadOf(parts);
  }
  const bound = boundOf(figure);
  const broke = rounds.some(({ outcomes }) => isFailed(outcomes[OURS]));
  const met = isMet(figure, bound, spreads, ratios);
  return {
    name,
    unit,
    ...(isStrict ? { isStrict } : {}),
    spreads,
    base,
    ratios,
    bound,
    isMet: broke && bound !== null ? false : met,
  };
}

function boundOf({ name, share, target }: Figure): ComparedFigure['bound'] {
  // The generator's lag decides on the validity of the whole.
  if (name === GENERATOR_LAG) return null;
  if (share) return { kind: 'ratio', most: share.most };
  return target === null ? null : { kind: 'value', most: target };
}

/** Three tenths are not quite 3 x 0.1: a figure that stands exactly at its bound is not above it. */
const ROUNDING = 1e-9;

function isMet(
  { isStrict }: Figure,
  bound: ComparedFigure['bound'],
  spreads: ComparedFigure['spreads'],
  ratios: ComparedFigure['ratios'],
): boolean | null {
  const ours = bound?.kind === 'ratio' ? ratios[OURS] : spreads[OURS];
  if (bound === null || ours === undefined) return null;
  return (isStrict ? ours.highest : ours.value) <= bound.most * (1 + ROUNDING);
}

/** Systems with which the generator was late itself: their latencies say as much about the machine as about them. */
export function generatorWasLateWith(figures: readonly ComparedFigure[]): string[] {
  const lag = figures.find(({ name }) => name === GENERATOR_LAG);
  return Object.entries(lag?.spreads ?? {}).flatMap(([system, { value }]) => {
    return value > LAG_BOUND_MS ? [system] : [];
  });
}

/** How often which system broke, and the first reason. */
export function failuresIn({ systems, rounds }: Pick<Comparison, 'systems' | 'rounds'>) {
  return systems.flatMap((system) => {
    const reasons = rounds.flatMap(({ outcomes }) => {
      const outcome = outcomes[system];
      return isFailed(outcome) ? [outcome.failed] : [];
    });
    const [reason] = reasons;
    return reason === undefined ? [] : [{ system, times: reasons.length, reason }];
  });
}

function isFailed(outcome: Outcome | undefined): outcome is { readonly failed: string } {
  return outcome !== undefined && 'failed' in outcome;
}

function figuresOf(outcome: Outcome | undefined): readonly Figure[] {
  return outcome && 'figures' in outcome ? outcome.figures : [];
}

/** Null also for what could not be measured: a quantile of nothing is no number, and JSON has none for it. */
function figureIn(outcome: Outcome | undefined, name: string): number | null {
  const value = figuresOf(outcome).find((figure) => figure.name === name)?.value ?? null;
  return Number.isFinite(value) ? value : null;
}
