import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { describe, expect, it } from 'vitest';
import { Retries, Stopped } from './retries.ts';

class Away extends Error {}

function setUp(giveUpAfterMs: number) {
  const timers = manualTimers();
  const abort = new AbortController();
  const told: string[] = [];
  const retries = new Retries({
    timers,
    giveUpAfterMs,
    isPassing: (error) => error instanceof Away,
    onRetry: (what) => told.push(what),
    signal: abort.signal,
  });
  return { timers, abort, told, retries };
}

describe('Retries', () => {
  it('LOG6 calls again until the store is back, and says so each time', async () => {
    const { timers, told, retries } = setUp(Number.POSITIVE_INFINITY);
    let calls = 0;
    const result = retries.run('appending', async () => {
      calls += 1;
      if (calls < 4) throw new Away();
      return 'there';
    });
    await timers.advance(10_000);
    expect(await result).toBe('there');
    expect(told).toEqual(['appending', 'appending', 'appending']);
  });

  it('gives up with the last error when the time is over', async () => {
    const { timers, retries } = setUp(5_000);
    const result = retries.run('appending', async () => {
      throw new Away('no answer');
    });
    const rejected = expect(result).rejects.toThrow('no answer');
    await timers.advance(8_000);
    await rejected;
  });

  it('throws at once what will not pass', async () => {
    const { retries, told } = setUp(5_000);
    const wrong = retries.run('appending', async () => {
      throw new RangeError('wrong');
    });
    await expect(wrong).rejects.toThrow(RangeError);
    expect(told).toEqual([]);
  });

  it('ends with Stopped when the command ends', async () => {
    const { timers, abort, retries } = setUp(Number.POSITIVE_INFINITY);
    const result = retries.run('appending', async () => {
      throw new Away();
    });
    const rejected = expect(result).rejects.toThrow(Stopped);
    await timers.advance(1_000);
    abort.abort();
    await timers.advance(2_000);
    await rejected;
  });
});
