import { describe, expect, it } from 'vitest';
import { ConnectionAge } from './connection-age.ts';

const HOUR_S = 3_600;

/** A node whose clock goes second by second. */
function node({ maxAgeS = HOUR_S, random = () => 0 }: { maxAgeS?: number; random?: () => number } = {}) {
  let nowMs = 0;
  let add: (connection: ReturnType<typeof socket>) => void = () => {};
  const closed: { readonly name: string; readonly atS: number; readonly kind: string }[] = [];
  const socket = (name: string, isSettled = true) => ({
    name,
    isSettled,
    isOpen: true,
    close(kind: string) {
      this.isOpen = false;
      closed.push({ name, atS: nowMs / 1_000, kind });
    },
  });
  const age = new ConnectionAge({
    connections: {
      onAdded: (listener) => {
        add = listener;
        return () => {};
      },
    },
    timers: { now: () => nowMs },
    random,
    maxAgeMs: maxAgeS * 1_000,
  });
  return {
    closed,
    arrive: (name: string, isSettled?: boolean) => {
      const arrived = socket(name, isSettled);
      add(arrived);
      return arrived;
    },
    pass(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        nowMs += 1_000;
        age.tick();
      }
    },
  };
}

describe('the age of connections', () => {
  it('asks each to connect again after a random half to whole of the maximum', () => {
    const draws = [0, 0.5, 0.999];
    const { arrive, pass, closed } = node({ random: () => draws.shift() ?? 0 });
    for (const name of ['early', 'middle', 'late']) arrive(name);
    pass(HOUR_S);
    expect(closed).toEqual([
      { name: 'early', atS: 1_800, kind: 'rebalanced' },
      { name: 'middle', atS: 2_700, kind: 'rebalanced' },
      { name: 'late', atS: 3_599, kind: 'rebalanced' },
    ]);
    pass(HOUR_S);
    expect(closed).toHaveLength(3);
  });

  it('sends a crowd away at a pace although all are old at once', () => {
    const { arrive, pass, closed } = node({ maxAgeS: 200 });
    for (let i = 0; i < 1_000; i++) arrive(`c${i}`);
    pass(99);
    expect(closed).toEqual([]);
    pass(1);
    // 1,000 in 200 s are 5 a second; twice that may leave.
    expect(closed).toHaveLength(10);
    pass(60);
    expect(closed.length).toBeGreaterThan(400);
    expect(closed.length).toBeLessThanOrEqual(610);
  });

  it('leaves alone who has not had its document yet, until it has', () => {
    const { arrive, pass, closed } = node();
    const slow = arrive('slow', false);
    arrive('quick');
    pass(3 * HOUR_S);
    expect(closed.map(({ name }) => name)).toEqual(['quick']);
    slow.isSettled = true;
    pass(1);
    expect(closed.map(({ name }) => name)).toEqual(['quick', 'slow']);
  });

  it('forgets who has left, and keeps everybody where it is switched off', () => {
    const { arrive, pass, closed } = node();
    arrive('gone').isOpen = false;
    pass(HOUR_S);
    expect(closed).toEqual([]);
    const off = node({ maxAgeS: 0 });
    off.arrive('stays');
    off.pass(10 * HOUR_S);
    expect(off.closed).toEqual([]);
  });
});
