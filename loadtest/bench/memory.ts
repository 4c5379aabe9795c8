import { eventually } from '@kryton/engine/testing/eventually.ts';
import { nodesOf, type SystemUnderTest } from './system.ts';
import { residentKb } from './usage.ts';

const LOOK_EVERY_MS = 3_000;
const SETTLED_SHARE = 0.005;
const SETTLED_WITHIN_MS = 90_000;

/**
 * The resident memory of all nodes in KB once two looks 3 s apart differ by at most 0.5 %: what was only garbage has
 * had time to go, but nobody forces a collection. Rejects after 90 s.
 */
export async function settledKb(system: SystemUnderTest): Promise<number> {
  let last = Number.POSITIVE_INFINITY;
  const look = () => {
    const now = residentKb(nodesOf(system));
    const isSettled = Math.abs(now - last) <= now * SETTLED_SHARE;
    last = now;
    return isSettled ? now : null;
  };
  return eventually(look, {
    what: 'memory settles',
    withinMs: SETTLED_WITHIN_MS,
    everyMs: LOOK_EVERY_MS,
  });
}
