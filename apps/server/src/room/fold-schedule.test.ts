import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { manualTimers } from '@kryton/engine/testing/manual-timers.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { FoldSchedule } from './fold-schedule.ts';

const EPOCH = 1_700_000_000_000;
const at = (seq: number) => ({ epoch: EPOCH, seq });

describe('asking for folds', () => {
  let timers = manualTimers();
  let asked: { readonly at: number; readonly delayMs: number }[] = [];
  let isFailing = false;
  let schedule: FoldSchedule;
  beforeEach(() => {
    timers = manualTimers();
    asked = [];
    isFailing = false;
    schedule = new FoldSchedule(
      {
        timers,
        limits: { foldDelayMs: 5_000 },
        logger: { warn() {} },
        jobs: {
          scheduleFold: async (_docId, delayMs) => {
            asked.push({ at: timers.now(), delayMs });
            if (isFailing) throw new Error('Redis is away');
          },
        },
      },
      parseDocId('a') ?? expect.fail('a document id'),
    );
  });
  /** The comparison with the tail of the log, as a node makes it every 3.5 s. */
  const watch = async (ms: number, head: { seq: number; covered: number }) => {
    for (let passed = 0; passed < ms; passed += 3_500) {
      await timers.advance(3_500);
      schedule.compare({ last: at(head.seq), covered: at(head.covered), isEmpty: false });
    }
  };

  it('SNAP5 asks once for many appends, 5 s after the first', async () => {
    for (let edit = 0; edit < 90; edit++) {
      schedule.appended();
      await timers.advance(100);
    }
    expect(asked).toEqual([{ at: 0, delayMs: 5_000 }]);
  });

  it('SNAP5 the last edit is asked for within 10 s also when it came shortly after a fold was asked for', async () => {
    schedule.appended();
    await timers.advance(5_100);
    schedule.compare({ last: at(1), covered: at(1), isEmpty: false });
    schedule.appended();
    await watch(9_000, { seq: 2, covered: 1 });
    expect(asked).toHaveLength(2);
    const [, last] = asked;
    expect((last?.at ?? 0) + (last?.delayMs ?? 0)).toBeLessThan(5_100 + 9_000);
  });

  it('SNAP5 a document that is closed is asked for at once', async () => {
    schedule.appended();
    await timers.advance(5_100);
    schedule.appended();
    await timers.advance(2_000);
    schedule.close();
    expect(asked).toEqual([
      { at: 0, delayMs: 5_000 },
      { at: 7_100, delayMs: 3_000 },
    ]);
    schedule.close();
    expect(asked).toHaveLength(2);
  });

  it('SNAP5 a request that failed is made again', async () => {
    isFailing = true;
    schedule.appended();
    await timers.advance(1);
    isFailing = false;
    await watch(11_000, { seq: 1, covered: 0 });
    expect(asked).toHaveLength(2);
  });

  it('SNAP5 what nobody here appended is asked for when it stays unfolded', async () => {
    await watch(28_000, { seq: 1, covered: 0 });
    expect(asked.length).toBeGreaterThan(0);
    expect(schedule.unfoldedMs).toBeGreaterThan(20_000);
    await watch(3_500, { seq: 1, covered: 1 });
    expect(schedule.unfoldedMs).toBe(0);
  });

  it('SNAP5 the unfolded age under continuous editing is that since the last fold', async () => {
    for (let fold = 0; fold < 5; fold++) {
      schedule.appended();
      await watch(28_000, { seq: 100 * fold + 150, covered: 100 * fold });
      expect(schedule.unfoldedMs).toBeLessThanOrEqual(32_000);
    }
    await watch(60_000, { seq: 900, covered: 400 });
    expect(schedule.unfoldedMs).toBeGreaterThan(80_000);
  });
});
