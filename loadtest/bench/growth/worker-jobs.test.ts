import { expect, it } from 'vitest';
import { sumOf } from './worker-jobs.ts';

it('adds up the series of all workers that match, and nothing else', () => {
  const exposition = [
    '# TYPE kryton_folds_total counter',
    'kryton_folds_total{result="folded",node="worker-1"} 12',
    'kryton_folds_total{node="worker-2",result="folded"} 3e2',
    'kryton_folds_total{result="waiting",node="worker-1"} 5',
  ].join('\n');
  expect(sumOf(exposition, /^kryton_folds_total\{[^}]*result="folded"[^}]*\} (.+)$/gm)).toBe(312);
});
