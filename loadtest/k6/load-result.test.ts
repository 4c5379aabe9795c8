import { describe, expect, it } from 'vitest';
import { judgeDisturbed, judgeRun, type Summary } from './load-result.ts';
import { courseOf } from './memory-watch.ts';

type Metrics = Summary['metrics'];

const COUNT = { 'count==0': { ok: true } };
const GOOD: Metrics = {
  sessions_converged: { values: { rate: 1, passes: 6, fails: 0 }, thresholds: { 'rate==1': { ok: true } } },
  deliveries_missing: { values: { count: 0 }, thresholds: COUNT },
  time_to_sync: { values: { 'p(95)': 20 }, thresholds: { 'p(95)<1000': { ok: true } } },
  generator_lag: { values: { 'p(99)': 3 } },
};
const LATE: Metrics = { ...GOOD, generator_lag: { values: { 'p(99)': 400 } } };
const SLOW = { values: { 'p(95)': 4_000 }, thresholds: { 'p(95)<1000': { ok: false } } };
const INCOMPLETE = { values: { count: 7 }, thresholds: { 'count==0': { ok: false } } };

const verdictOn = (metrics: Metrics, sessions = 6) => judgeRun({ metrics }, sessions).verdict;

describe('the verdict on a run', () => {
  it('passes when every level holds, and fails when one does not', () => {
    expect(judgeRun({ metrics: GOOD }, 6)).toEqual({ verdict: 'passed', reasons: [] });
    expect(judgeRun({ metrics: { ...GOOD, time_to_sync: SLOW } }, 6)).toEqual({
      verdict: 'failed',
      reasons: ['time_to_sync: not p(95)<1000'],
    });
  });

  it('takes no times from a generator that was late, good or bad', () => {
    expect(verdictOn(LATE)).toBe('invalid');
    expect(verdictOn({ ...LATE, time_to_sync: SLOW })).toBe('invalid');
  });

  it('fails for what is missing, however late the generator was', () => {
    expect(verdictOn({ ...LATE, deliveries_missing: INCOMPLETE })).toBe('failed');
  });

  it('fails when sessions are silent about how they were', () => {
    expect(judgeRun({ metrics: GOOD }, 8)).toMatchObject({
      verdict: 'failed',
      reasons: [expect.stringContaining('2 of 8 sessions')],
    });
  });
});

describe('the verdict on a cluster that was disturbed', () => {
  const killed = [{ atS: 7, what: 'node-1 is killed' }];
  const run = { joinMs: 5_000, runMs: 60_000 };

  it('stands as long as sessions were there until the end of it', () => {
    const passed = { verdict: 'passed', reasons: [] } as const;
    expect(judgeDisturbed(passed, killed, run)).toEqual(passed);
  });

  it('says nothing when it went on after them, unless something was missing anyway', () => {
    const late = [...killed, { atS: 66, what: 'node-1 is back' }];
    expect(judgeDisturbed({ verdict: 'passed', reasons: [] }, late, run)).toEqual({
      verdict: 'invalid',
      reasons: [expect.stringContaining('node-1 is back')],
    });
    expect(judgeDisturbed({ verdict: 'failed', reasons: [] }, late, run).verdict).toBe('failed');
  });
});

describe('the course of memory', () => {
  it('is told by its ends, its height, and its slope after the first quarter', () => {
    const hour = 3_600_000;
    const samples = [9, 1, 2, 3].map((bytes, index) => ({ atMs: index * hour, bytes }));
    expect(courseOf('node-1', samples)).toEqual({
      name: 'node-1',
      firstBytes: 9,
      lastBytes: 3,
      mostBytes: 9,
      growthBytesPerHour: 1,
      noiseBytes: 0,
      isLevel: false,
      perMinuteBytes: [9, 1, 2, 3],
    });
  });

  it('is level where it goes up and down more than it rises', () => {
    const minute = 60_000;
    const samples = [0, 10, 0, 10, 0, 10, 0, 11].map((bytes, index) => ({
      atMs: (index * minute) / 2,
      bytes,
    }));
    expect(courseOf('node-1', samples)).toMatchObject({
      isLevel: true,
      perMinuteBytes: [5, 5, 5, 5.5].map(Math.round),
    });
  });
});
