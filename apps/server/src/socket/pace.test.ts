import { describe, expect, it } from 'vitest';
import { Pace } from './pace.ts';

const LIMITS = { messagesPerSecond: 1_000, bytesPerSecond: 1_000_000, burstBytes: 10_000_000 };

/** Sends as fast as the pace lets it from 0 until `forMs`; the result is how many messages passed. */
function send(pace: Pace, bytes: number, forMs: number): number {
  let passed = 0;
  for (let now = 0; now < forMs; ) {
    const waitMs = pace.waitMs(now);
    if (waitMs > 0) now += waitMs;
    else {
      pace.took(bytes);
      passed += 1;
    }
  }
  return passed;
}

describe('the pace of one socket', () => {
  it('ROOM4 lets a keystroke and a short burst through at once', () => {
    const pace = new Pace(LIMITS, 0);
    for (let count = 0; count < 30; count++) {
      expect(pace.waitMs(0)).toBe(0);
      pace.took(20);
    }
  });

  it('ROOM4 gives the others their turn within a burst', () => {
    const passed = send(new Pace(LIMITS, 0), 20, 1_000);
    expect(passed).toBeGreaterThan(1_000);
    expect(passed).toBeLessThan(2_200);
  });

  it('ROOM4 comes down to the sustained rate', () => {
    const passed = send(new Pace(LIMITS, 0), 20, 60_000);
    expect(passed).toBeGreaterThan(60_000);
    expect(passed).toBeLessThanOrEqual(66_000);
  });

  it('ROOM4 takes one large message whole and rests after it', () => {
    const pace = new Pace(LIMITS, 0);
    expect(pace.waitMs(0)).toBe(0);
    pace.took(12_000_000);
    expect(pace.waitMs(0)).toBeGreaterThan(1_900);
    expect(pace.waitMs(2_100)).toBe(0);
  });

  it('ROOM4 finds a client too fast that is held back for 15 s, not one that slows down', () => {
    const flooding = new Pace(LIMITS, 0);
    send(flooding, 20, 15_000);
    expect(flooding.isTooFast(15_000)).toBe(false);
    send(flooding, 20, 5_000);
    expect(flooding.isTooFast(21_000)).toBe(false);

    const steady = new Pace(LIMITS, 0);
    let tooFast = 0;
    for (let now = 0; now < 30_000; now += 1) {
      if (steady.isTooFast(now)) tooFast += 1;
      for (let count = 0; count < 3 && steady.waitMs(now) === 0; count++) steady.took(20);
    }
    expect(tooFast).toBeGreaterThan(0);
  });

  it('ROOM4 answers three questions at once and then one a second', () => {
    const pace = new Pace(LIMITS, 0);
    expect([pace.asked(0), pace.asked(0), pace.asked(0)]).toEqual([0, 0, 0]);
    expect(pace.asked(0)).toBeGreaterThan(900);
  });
});
