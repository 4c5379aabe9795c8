import { describe, expect, it } from 'vitest';
import { TICK_MS } from '../lifecycle/event-loop-ticks.ts';
import { exposition } from './exposition.ts';
import { MetricSet } from './metric-set.ts';
import { ProcessMetrics } from './process-metrics.ts';

describe('metrics', () => {
  it('are there with 0 for every label value before anything happens', async () => {
    const set = new MetricSet('node-1');
    set.counter('kryton_visits_total', 'Visits.', { kind: ['short', 'long'], result: ['ok', 'failed'] });
    set.counter('kryton_faults_total', 'Faults.', { plugin: { anyOf: 'the plugins' } });
    set.histogram('kryton_visit_seconds', 'Visits.', { labels: { kind: ['short'] }, buckets: [1] });
    const text = await set.registry.metrics();
    expect(text.match(/^kryton_visits_total\{.*\} 0$/gm)).toHaveLength(4);
    expect(text).toContain('kryton_visit_seconds_count{node="node-1",kind="short"} 0');
    expect(text).not.toMatch(/^kryton_faults_total/m);
    expect(set.descriptions.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'counter kryton_visits_total',
      'counter kryton_faults_total',
      'histogram kryton_visit_seconds',
    ]);
  });

  it('say nothing where nothing is known', async () => {
    const set = new MetricSet('node-1');
    const told = set.gauge('kryton_told_bytes', 'Told.');
    let asked: number | null = null;
    set.asked('kryton_asked_bytes', 'Asked.', () => asked);
    expect(await set.registry.metrics()).not.toMatch(/^kryton/m);
    told.set(1);
    asked = 2;
    expect(await set.registry.metrics()).toMatch(
      /^kryton_told_bytes\{.*\} 1\n[\s\S]*^kryton_asked_bytes\{.*\} 2$/m,
    );
    told.remove();
    asked = null;
    expect(await set.registry.metrics()).not.toMatch(/^kryton/m);
  });

  it('of several parts of a process are one text, told apart by node', async () => {
    const sets = ['node-1', 'node-2'].map((node) => new MetricSet(node));
    for (const [index, set] of sets.entries()) set.asked('kryton_documents', 'Open.', () => index + 1);
    const text = await exposition(sets.map(({ registry }) => registry)).text();
    expect(text.match(/^# HELP kryton_documents Open\.$/gm)).toHaveLength(1);
    expect(text).toContain('kryton_documents{node="node-1"} 1\nkryton_documents{node="node-2"} 2');
  });

  it('of a process say how late its event loop ran since the last scrape, and what memory it may take', async () => {
    const set = new MetricSet('node-1');
    const metrics = new ProcessMetrics('worker', set);
    // A first sample is needed for the second to be late.
    await new Promise((resolve) => setTimeout(resolve, 2 * TICK_MS));
    const until = performance.now() + 30 + 2 * TICK_MS;
    while (performance.now() < until);
    await new Promise((resolve) => setTimeout(resolve, 2 * TICK_MS));
    const value = async (series: string) => {
      const text = await set.registry.metrics();
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(series))
          ?.split(' ')[1],
      );
    };
    expect(await value('kryton_event_loop_delay_seconds{quantile="1"')).toBeGreaterThan(0.03);
    expect(await value('kryton_memory_limit_bytes')).toBeGreaterThan(
      await value('kryton_resident_memory_bytes'),
    );
    expect(await value('kryton_process_info{role="worker"')).toBe(1);
    metrics.stop();
  });
});
