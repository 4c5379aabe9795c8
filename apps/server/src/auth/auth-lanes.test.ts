import { setImmediate as settled } from 'node:timers/promises';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { AuthLanes } from './auth-lanes.ts';
import { Line, LineFull } from './line.ts';

/** Work that goes on until it is told to end. */
function work() {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const start = (name: number) => () =>
    new Promise<number>((resolve) => {
      started.push(name);
      ends.push(() => resolve(name));
    });
  return { started, start, endNext: () => ends.shift()?.() };
}

describe('a line', () => {
  it('serves a few at a time, in the order in which they came, and lets so many wait', async () => {
    const line = new Line({ atOnce: 2, maxWaiting: 2 });
    const { started, start, endNext } = work();
    const all = [1, 2, 3, 4].map((name) => line.run(start(name)));
    await expect(line.run(start(5))).rejects.toBeInstanceOf(LineFull);
    expect(started).toEqual([1, 2]);
    for (const name of [1, 2, 3, 4]) {
      expect(started.at(-1)).toBe(Math.min(name + 1, 4));
      endNext();
      expect(await all[name - 1]).toBe(name);
      await settled();
    }
    const later = line.run(start(6));
    await settled();
    endNext();
    expect(await later).toBe(6);
  });

  it('goes on after work that failed', async () => {
    const line = new Line({ atOnce: 1, maxWaiting: 1 });
    await expect(line.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await line.run(async () => 'yes')).toBe('yes');
  });
});

describe('the lanes to better-auth', () => {
  it('let one request in a turn of the event loop, and those without a password past those with one', async () => {
    const timers = manualTimers();
    const turns: (() => void)[] = [];
    const soon = (run: () => void) => {
      turns.push(run);
      return () => {};
    };
    const lanes = new AuthLanes({ ...timers, soon });
    const { started, start } = work();
    for (let name = 1; name <= 30; name += 1) void lanes.run('/sign-in/email', start(name));
    void lanes.run('/get-session', start(100));
    const turn = async () => {
      turns.shift()?.();
      await timers.advance(0);
    };
    await timers.advance(0);
    expect(started).toEqual([]);
    await turn();
    expect(started).toEqual([1]);
    await turn();
    expect(started).toEqual([1, 2]);
    for (let index = 0; index < 20; index += 1) await turn();
    // Eight are under way, the other sign-ins wait for one of them to end.
    expect(started).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 100]);
  });
});
