import { describe, expect, it } from 'vitest';
import { Latencies } from './latencies.ts';

describe('latencies', () => {
  it('gives the upper edge of the step in which the share ends', () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 100; ms++) latencies.add(ms - 0.05);
    expect(latencies.quantile(0.5)).toBeCloseTo(50, 5);
    expect(latencies.quantile(0.99)).toBeCloseTo(99, 5);
    expect(latencies.quantile(1)).toBeCloseTo(100, 5);
  });

  it('knows no quantile of nothing, and counts what takes too long as ten seconds', () => {
    expect(new Latencies().quantile(0.5)).toBeNaN();
    const latencies = new Latencies();
    latencies.add(60_000);
    expect(latencies.quantile(0.99)).toBeCloseTo(10_000, 5);
  });
});
