import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

describe('arrivals', () => {
  it('begin a few a turn, in their order, with other events in between', async () => {
    const timers = manualTimers();
    const arrivals = new Arrivals(timers);
    const seen: (number | string)[] = [];
    const came = Array.from({ length: 20 }, (_, n) => n);
    for (const n of came) arrivals.next(() => seen.push(n));
    expect(seen).toEqual(came.slice(0, 8));
    timers.soon(() => seen.push('an event'));
    // Who comes now is behind those who wait.
    arrivals.next(() => seen.push('late'));
    await timers.advance(0);
    expect(seen.filter((each) => each !== 'an event')).toEqual([...came, 'late']);
    // What was there when the turn ended comes before those who did not get into it.
    expect(seen.indexOf('an event')).toBeLessThan(seen.indexOf(16));
    arrivals.next(() => seen.push('at once'));
    expect(seen.at(-1)).toBe('at once');
  });
});
