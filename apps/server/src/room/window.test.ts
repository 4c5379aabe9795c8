import { describe, expect, it } from 'vitest';
import { AdaptiveWindow } from './window.ts';

function settled(costMs: number, everyMs: number): number {
  const window = new AdaptiveWindow();
  for (let turn = 0; turn < 50; turn++) {
    window.spent(costMs);
    window.turn(turn * everyMs);
  }
  return window.ms;
}

describe('AdaptiveWindow', () => {
  it('ROOM2 is next to nothing for a lone editor', () => {
    expect(settled(0.02, 200)).toBeLessThan(1);
  });

  it('ROOM2 grows with the cost of the fan-out, and never beyond 50 ms', () => {
    expect(settled(0.2, 10)).toBeCloseTo(10, 0);
    expect(settled(0.4, 20)).toBeCloseTo(20, 0);
    expect(settled(9, 50)).toBeCloseTo(50, 0);
    expect(settled(9, 50)).toBeLessThanOrEqual(50);
  });

  it('ROOM2 forgets what was spent long ago', () => {
    const window = new AdaptiveWindow();
    window.turn(0);
    for (let i = 0; i < 1_000; i++) window.spent(0.5);
    window.turn(600_000);
    expect(window.ms).toBeLessThan(2);
  });
});
