import { setTimeout as pause } from 'node:timers/promises';
import type { Crowd } from './crowd.ts';

/** How long acknowledgements took, in ms. */
export type Waits = {
  readonly samples: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
};

/** Of the crowd, in quiet and while somebody makes trouble. */
export type Bystanders = { readonly before: Waits; readonly during: Waits };

/** What {@link watchBystanders} does between quiet and trouble. */
export type WatchOptions = {
  readonly crowd: Crowd;
  /** Begins the trouble and resolves with its end. */
  readonly begin: () => Promise<() => Promise<void>>;
  /** Quiet, trouble, quiet, trouble, …: what the machine does beside them falls on both. */
  readonly rounds: number;
  /** How long each quiet and each trouble is measured, in ms. */
  readonly spellMs: number;
};

/**
 * Measures how long the crowd waits for its acknowledgements while nothing happens and while somebody makes trouble,
 * in turns and within one run, so that a slow machine is slow for both.
 */
export async function watchBystanders({ crowd, begin, rounds, spellMs }: WatchOptions): Promise<Bystanders> {
  const before: number[] = [];
  const during: number[] = [];
  for (let round = 0; round < rounds; round++) {
    before.push(...(await listen(crowd, spellMs)));
    const end = await begin();
    during.push(...(await listen(crowd, spellMs)));
    await end();
  }
  return { before: waits(before), during: waits(during) };
}

async function listen(crowd: Crowd, forMs: number): Promise<number[]> {
  const since = performance.now();
  await pause(forMs);
  const times = crowd.ackTimes(since);
  // Who still waits has waited this long at least: a crowd that hears nothing at all must not look quick.
  return [...times, ...crowd.openWaits()];
}

/** Percentiles of `times` in ms; zeros where there are none. */
export function waits(times: readonly number[]): Waits {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { samples: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) };
}
