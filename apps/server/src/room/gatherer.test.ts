import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { Gatherer } from './gatherer.ts';

function gathererOf(windowMs: number, flush?: (batch: number[]) => Promise<void> | void) {
  const timers = manualTimers();
  const batches: { at: number; items: number[] }[] = [];
  const gatherer = new Gatherer<number>({
    timers,
    windowMs: () => windowMs,
    flush: (items) => {
      batches.push({ at: timers.now(), items });
      return flush?.(items);
    },
  });
  return { timers, batches, gatherer };
}

describe('Gatherer', () => {
  it('ROOM2 a lone item leaves at once, however wide the window', async () => {
    const { timers, batches, gatherer } = gathererOf(50);
    gatherer.add(1);
    await timers.advance(0);
    expect(batches).toEqual([{ at: 0, items: [1] }]);
    await timers.advance(1_000);
    gatherer.add(2);
    await timers.advance(0);
    expect(batches[1]).toEqual({ at: 1_000, items: [2] });
  });

  it('ROOM2 in a hurry it leaves when half of the window has passed, not before', async () => {
    const { timers, batches, gatherer } = gathererOf(50);
    gatherer.add(1);
    await timers.advance(10);
    gatherer.add(2);
    gatherer.hurry();
    await timers.advance(20);
    expect(batches).toHaveLength(1);
    gatherer.hurry();
    await timers.advance(0);
    expect(batches[1]).toEqual({ at: 30, items: [2] });
    await timers.advance(200);
    expect(batches).toHaveLength(2);
    gatherer.hurry();
    expect(batches).toHaveLength(2);
  });

  it('ROOM2 items that arrive together leave together, and what follows waits for the window', async () => {
    const { timers, batches, gatherer } = gathererOf(50);
    gatherer.add(1);
    gatherer.add(2);
    await timers.advance(10);
    gatherer.add(3);
    await timers.advance(20);
    gatherer.add(4);
    await timers.advance(100);
    expect(batches).toEqual([
      { at: 0, items: [1, 2] },
      { at: 50, items: [3, 4] },
    ]);
  });

  it('ROOM2 while a flush is under way the next batch grows', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { timers, batches, gatherer } = gathererOf(0, (items) => (items[0] === 1 ? promise : undefined));
    gatherer.add(1);
    await timers.advance(5);
    gatherer.add(2);
    await timers.advance(500);
    gatherer.add(3);
    expect(batches).toHaveLength(1);
    resolve();
    await timers.advance(1);
    expect(batches[1]).toEqual({ at: 505, items: [2, 3] });
  });

  it('DRAIN1 draining does not wait for the window and leaves nothing behind', async () => {
    const { timers, batches, gatherer } = gathererOf(50);
    gatherer.add(1);
    await timers.advance(1);
    gatherer.add(2);
    await gatherer.drain();
    expect(batches.map(({ items }) => items)).toEqual([[1], [2]]);
    expect(gatherer.isIdle).toBe(true);
  });
});
