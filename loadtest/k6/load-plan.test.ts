import { describe, expect, it } from 'vitest';
import { joinsAtMs, type Shape, vusOf } from './load-plan.ts';
import { SCENARIO_NAMES, SCENARIOS, scenarioNamed } from './scenarios.ts';
import { sized } from './sized.ts';
import { slowFromSessions, stepOf } from './steps.ts';

const SHAPE: Shape = { ...SCENARIOS.steady, sessions: 10, sessionsPerVu: 6, joinMs: 1_000, runMs: 10_000 };

describe('the plan of a load', () => {
  it('lets sessions join one after the other, the late ones all in the middle of the run', () => {
    const at = (shape: Shape) => Array.from({ length: 10 }, (_, index) => joinsAtMs(shape, index));
    expect(at(SHAPE)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900]);
    expect(at({ ...SHAPE, lateShare: 0.8 })).toEqual([0, 500, ...Array.from({ length: 8 }, () => 6_000)]);
  });

  it('takes as many engines as hold all sessions', () => {
    expect(vusOf(SHAPE)).toBe(2);
    expect(vusOf({ ...SHAPE, sessions: 12 })).toBe(2);
  });

  it('keeps the sessions of a room together in one engine wherever cursors are compared', () => {
    for (const name of SCENARIO_NAMES) {
      const { moveEveryMs, sessionsPerVu, roomSize } = SCENARIOS[name];
      if (moveEveryMs !== null) expect(sessionsPerVu % roomSize, name).toBe(0);
    }
  });

  it('says in which part of a ramp it got slow, and how many sessions there were', () => {
    const ramp: Shape = { ...SHAPE, sessions: 100, joinMs: 9_000, runMs: 1_000 };
    const metrics = (p95: readonly number[]) =>
      Object.fromEntries(
        p95.map((ms, index) => [`delivery_latency{step:${index + 1}}`, { values: { 'p(95)': ms } }]),
      );
    expect([0, 0.1, 0.11, 1, 1.2].map(stepOf)).toEqual([1, 1, 2, 10, 10]);
    expect(slowFromSessions(metrics([20, 30, 120, 90]), ramp, 100)).toBe(33);
    expect(slowFromSessions(metrics([20, 30]), ramp, 100)).toBeNull();
  });

  it('takes its size from the command, and says what it does not understand', () => {
    expect(sized(SHAPE, {})).toEqual(SHAPE);
    expect(sized(SHAPE, { sessions: '500', duration: '60m' })).toMatchObject({
      sessions: 500,
      runMs: 3_600_000,
    });
    for (const sessions of ['1', '1.5', 'many', '70000'])
      expect(() => sized(SHAPE, { sessions })).toThrow(sessions);
    for (const duration of ['5', '0s', '25h', '5 m'])
      expect(() => sized(SHAPE, { duration })).toThrow(duration);
    expect(() => scenarioNamed('smok')).toThrow('steady');
  });
});
