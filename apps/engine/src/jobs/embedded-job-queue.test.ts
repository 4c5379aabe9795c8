import { describe, expect, it } from 'vitest';
import { systemTimers } from '../lifecycle/timers.ts';
import { type DocId, parseDocId } from '../protocol/ids.ts';
import { manualTimers } from '../testing/manual-timers.ts';
import { EmbeddedJobQueue } from './embedded-job-queue.ts';
import { describeJobQueue } from './job-queue.contract.ts';

const quiet = () => {};

describeJobQueue('embedded', async () => {
  const queue = new EmbeddedJobQueue({ timers: systemTimers, random: Math.random, onError: quiet });
  return {
    queue,
    process: async (handlers, options) => queue.process(handlers, options),
    stop: () => queue.close(),
  };
});

describe('EmbeddedJobQueue', () => {
  const docId: DocId = parseDocId('doc') ?? expect.fail('an id');

  it('pauses longer after each failure, 10 s at most', async () => {
    const timers = manualTimers();
    const queue = new EmbeddedJobQueue({ timers, random: () => 1, onError: quiet });
    const at: number[] = [];
    queue.process(
      {
        fold: async () => {
          at.push(timers.now());
          throw new Error('the store is away');
        },
        sweep: async () => {},
      },
      { concurrency: 1, sweepEveryMs: 1e9 },
    );
    await queue.scheduleFold(docId, 0);
    await timers.advance(70_000);
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000, 10_000]);
  });

  it('a closed queue refuses requests and runs nothing more', async () => {
    const timers = manualTimers();
    const queue = new EmbeddedJobQueue({ timers, random: () => 0, onError: quiet });
    let runs = 0;
    queue.process(
      {
        fold: async () => {
          runs += 1;
          return { kind: 'done' };
        },
        sweep: async () => {},
      },
      { concurrency: 1, sweepEveryMs: 1e9 },
    );
    await queue.scheduleFold(docId, 1_000);
    await queue.close();
    await timers.advance(10_000);
    expect(runs).toBe(0);
    await expect(queue.scheduleFold(docId, 0)).rejects.toThrow('closed');
  });
});
