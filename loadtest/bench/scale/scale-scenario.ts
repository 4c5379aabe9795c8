import type { Scenario } from '../scenario.ts';
import type { StartSystem, SystemSize, SystemUnderTest } from '../system.ts';

/** A scenario by its size: `share` of everything, so that it can be tried out small, and how long an idle crowd is held. */
export type ScaleOptions = { readonly share: number; readonly holdMs: number };

export type ScaleScenario = (options: ScaleOptions) => Scenario;

/** `share` of `count`, at least 2. */
export function sized(count: number, { share }: Pick<ScaleOptions, 'share'>): number {
  return Math.max(2, Math.round(count * share));
}

/** One run on servers of its own, which end with it. */
export async function on<Result>(
  start: StartSystem,
  size: SystemSize,
  work: (system: SystemUnderTest) => Promise<Result>,
): Promise<Result> {
  const system = await start(size);
  try {
    return await work(system);
  } finally {
    await system.stop();
  }
}
