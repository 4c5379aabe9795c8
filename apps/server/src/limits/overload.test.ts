import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { EventLoopWait } from './event-loop-wait.ts';
import { Overload } from './overload.ts';

const MAX_WAIT_MS = 100;

function watched(maxWaitMs = MAX_WAIT_MS) {
  const timers = manualTimers();
  const said: string[] = [];
  let waitMs = 0;
  const log = (_details: object, message: string) => void said.push(message);
  const overload = new Overload({
    maxWaitMs,
    takeWaitMs: () => waitMs,
    timers,
    logger: { warn: log, info: log },
  });
  /** Whether it was overloaded after each of the windows. */
  const windows = async (...waits: readonly number[]): Promise<boolean[]> => {
    const seen: boolean[] = [];
    for (const each of waits) {
      waitMs = each;
      await timers.advance(1_000);
      seen.push(overload.isOverloaded);
    }
    return seen;
  };
  return { windows, said, overload };
}

describe('overload', () => {
  it('begins when messages have waited for too long in three windows in a row', async () => {
    const { windows, said } = watched();
    expect(await windows(0, 101, 101, 101, 101)).toEqual([false, false, false, true, true]);
    expect(said).toEqual(['this node is overloaded and refuses new connections']);
  });

  it('is no pause, however long, not even one that falls into two windows', async () => {
    const { windows } = watched();
    expect(await windows(60_000, 60_000, 0, 60_000, 100, 60_000, 60_000, 100)).not.toContain(true);
  });

  it('ends when they have waited for half of that at most in five windows in a row', async () => {
    const { windows, said } = watched();
    await windows(200, 200, 200);
    expect(await windows(51, 99, 50, 50, 50, 50, 51)).not.toContain(false);
    expect(await windows(50, 50, 50, 50, 50)).toEqual([true, true, true, true, false]);
    expect(said.at(-1)).toBe('this node takes new connections again');
    // The next one has to last as long again.
    expect(await windows(200, 200, 200)).toEqual([false, false, true]);
  });

  it('is never found where it is switched off, and not looked for after the stop', async () => {
    expect(await watched(0).windows(9_999, 9_999, 9_999, 9_999)).not.toContain(true);
    const { windows, overload } = watched();
    await windows(200, 200);
    overload.stop();
    expect(await windows(200, 200)).toEqual([false, false]);
  });
});

describe('the wait for the event loop', () => {
  it('is half a turn where turns are long, and begins anew with each look', async () => {
    const wait = new EventLoopWait();
    const turns = async (count: number, busyMs: number) => {
      for (let turn = 0; turn < count; turn++) {
        for (const until = performance.now() + busyMs; performance.now() < until; );
        // As far as the monitor's own timer comes.
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    };
    await turns(2, 1);
    wait.takeMs();
    await turns(4, 200);
    const busyMs = wait.takeMs();
    // 200 ms of work in turns of 200 to 225 ms; a busy machine makes them longer, never shorter.
    expect(busyMs).toBeGreaterThan(60);
    await turns(8, 1);
    expect(wait.takeMs()).toBeLessThan(busyMs);
    wait.stop();
  });
});
