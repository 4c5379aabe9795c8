import { describe, expect, it } from 'vitest';
import { WorkerMetrics } from './worker-metrics.ts';

describe('WorkerMetrics', () => {
  it('tells what a sweep found until another worker has swept, and nothing before', async () => {
    let now = 0;
    const metrics = new WorkerMetrics('worker-1', () => now);
    const backlog = () =>
      metrics.registry.metrics().then((text) => /^kryton_backlog_documents\{.*\} (\d+)$/m.exec(text)?.[1]);
    expect(await backlog()).toBeUndefined();
    metrics.swept({ documents: 7, unfolded: 3, oldestUnfoldedAgeMs: 1_000 });
    now = 60_000;
    expect(await backlog()).toBe('3');
    now = 90_000;
    expect(await backlog()).toBeUndefined();
    metrics.stop();
  });
});
