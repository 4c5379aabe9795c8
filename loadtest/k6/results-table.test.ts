import { describe, expect, it } from 'vitest';
import type { LoadResult } from './load-result.ts';
import { isLong, resultsTable } from './results-table.ts';
import { SCENARIOS } from './scenarios.ts';

const TIMES = { count: 2_000, med: 4.23, 'p(95)': 31.4, 'p(99)': 80, max: 130 };
const COURSE = {
  name: 'node-1',
  firstBytes: 100 * 2 ** 20,
  lastBytes: 120 * 2 ** 20,
  mostBytes: 130 * 2 ** 20,
  growthBytesPerHour: 2 ** 19,
  noiseBytes: 2 ** 20,
  isLevel: true,
  perMinuteBytes: Array.from({ length: 60 }, () => 110 * 2 ** 20),
};
const RUN: LoadResult = {
  scenario: 'soak',
  verdict: 'passed',
  reasons: [],
  place: {
    ...{ date: '2026-11-26', commit: 'abc1234', node: 'v24.0.0', redis: '7.0.15', cpu: 'some CPU', cores: 2 },
    k6: 'k6 v1.8.1 (go1.26.8, linux/amd64)',
  },
  target: '3 nodes',
  shape: SCENARIOS.soak,
  levels: [],
  figures: {
    time_to_sync: { 'p(95)': 20 },
    sessions_held: { passes: 500, fails: 0 },
    deliveries_received: { count: 123_456 },
    deliveries_missing: { count: 1 },
    edits_lost: { count: 2 },
    'delivery_latency{path:same}': TIMES,
    'delivery_latency{path:across}': { count: 0, med: 0, 'p(95)': 0, 'p(99)': 0, max: 0 },
    generator_lag: { 'p(99)': 12 },
  },
  memory: [COURSE],
  disturbances: [],
};

describe('the page of the kept runs', () => {
  it('has a row of each, and nothing where nothing was measured', () => {
    expect(resultsTable([RUN])).toContain(
      '| soak, 61 min | 500 | passed | 500 of 500 | 20 | 123,456 | 3 | 4.2 / 31 / 80 |  |  | 12 | abc1234 |',
    );
  });

  it('says why a run did not pass, and what was done to the cluster', () => {
    const disturbed: LoadResult = {
      ...RUN,
      verdict: 'failed',
      reasons: ['deliveries_missing: not count==0'],
      disturbances: [{ atS: 7, what: 'node-1 is killed' }],
    };
    const text = resultsTable([disturbed]);
    expect(text).toContain('**failed**');
    expect(text).toContain('- soak: deliveries_missing: not count==0.');
    expect(text).toContain('- soak: 7 s: node-1 is killed.');
  });

  it('tells the memory of long runs alone', () => {
    expect(resultsTable([RUN])).toContain('| node-1 | 110 | 110 | 130 | 0.5 | 1 | level |');
    const short: LoadResult = { ...RUN, memory: [{ ...COURSE, perMinuteBytes: [1, 2] }] };
    expect(isLong(short)).toBe(false);
    expect(resultsTable([short])).not.toContain('Memory');
  });
});
