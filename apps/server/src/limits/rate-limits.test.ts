import { EmbeddedSharedCounters } from '@kryton/engine/counters/embedded-shared-counters.ts';
import type { SharedCounters } from '@kryton/engine/counters/shared-counters.ts';
import { describe, expect, it } from 'vitest';
import { RateLimits } from './rate-limits.ts';

const START_MS = 60_000 * 1_000;

/** Nodes on one store, and a clock for all of them. */
function nodes(count: number, limit: number, counters?: Pick<SharedCounters, 'add'>, maxSubjects?: number) {
  const clock = { ms: START_MS };
  const calls: number[] = [];
  const store = counters ?? new EmbeddedSharedCounters(() => clock.ms);
  const all = Array.from(
    { length: count },
    () =>
      new RateLimits({
        limits: { handshakes: limit, requests: limit, messages: limit, failures: limit },
        counters: {
          add: (additions) => {
            calls.push(additions.length);
            return store.add(additions);
          },
        },
        wallClock: () => clock.ms,
        onError: () => {},
        ...(maxSubjects !== undefined && { maxSubjects }),
      }),
  );
  const [one, two = one] = all;
  if (!one || !two) throw new Error('there is no node');
  return { one, two, clock, calls };
}

const taken = (rates: RateLimits, times: number, subject = 'somebody') =>
  Array.from({ length: times }, () => rates.take('requests', subject)).filter((waitS) => waitS === 0).length;

describe('rate limits', () => {
  it('let so many in within a minute, say when to come back, and let others be', () => {
    const { one } = nodes(1, 10);
    expect(taken(one, 15)).toBe(10);
    expect(one.take('requests', 'somebody')).toBe(60);
    expect(one.take('requests', 'another')).toBe(0);
    expect(one.take('handshakes', 'somebody')).toBe(0);
  });

  it('slide: half a minute later half of them may come again', () => {
    const { one, clock } = nodes(1, 10);
    taken(one, 10);
    clock.ms += 90_000;
    expect(taken(one, 10)).toBe(5);
    clock.ms += 180_000;
    expect(taken(one, 15)).toBe(10);
  });

  it('count what happened on the other node', async () => {
    const { one, two } = nodes(2, 10);
    expect(taken(one, 6)).toBe(6);
    await one.share();
    expect(taken(two, 1)).toBe(1);
    await two.share();
    expect(taken(two, 10)).toBe(3);
    await two.share();
    expect(taken(one, 5)).toBe(4);
    await one.share();
    expect(taken(one, 1)).toBe(0);
  });

  it('ACC5 ask no store to let somebody in, and hand nothing over of those who are far from the limit', async () => {
    const { one, calls } = nodes(1, 6_400);
    for (let somebody = 0; somebody < 1_000; somebody++) taken(one, 3, `user:${somebody}`);
    expect(calls).toEqual([]);
    await one.share();
    expect(calls).toEqual([]);
    taken(one, 100, 'busy');
    await one.share();
    expect(calls).toEqual([1]);
  });

  it('hand a flood of addresses over bit by bit, and count for so many at most', async () => {
    const { one, calls } = nodes(1, 2, undefined, 5_000);
    for (let address = 0; address < 6_000; address++) taken(one, 2, `address ${address}`);
    for (let second = 0; second < 4; second++) await one.share();
    expect(calls).toEqual([2_000, 2_000, 1_000]);
    expect(one.waitS('requests', 'address 0')).toBe(0);
    expect(one.waitS('requests', 'address 5999')).toBeGreaterThan(0);
  });

  it('decide alone while the store is away, and never twice about the same', async () => {
    let isAway = true;
    const store = new EmbeddedSharedCounters(() => START_MS);
    const { one } = nodes(1, 10, {
      add: (additions) => (isAway ? Promise.reject(new Error('away')) : store.add(additions)),
    });
    expect(taken(one, 6)).toBe(6);
    await one.share();
    expect(taken(one, 2)).toBe(2);
    isAway = false;
    await one.share();
    expect(taken(one, 5)).toBe(2);
  });

  it('wait for no slow store: one call at a time', async () => {
    let answer: (sums: number[]) => void = () => {};
    const { one, calls } = nodes(1, 10, { add: () => new Promise((resolve) => (answer = resolve)) });
    taken(one, 1);
    const first = one.share();
    taken(one, 1);
    await one.share();
    expect(calls).toEqual([1]);
    answer([9]);
    await first;
    expect(taken(one, 5)).toBe(0);
  });
});
