import {
  type PrometheusService,
  type Series,
  startPrometheus,
} from '@kryton/engine/testing/services/prometheus-service.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLoadTest } from '../../k8s/testing/test-run.ts';
import { writeClusterBundle } from './bundle.ts';
import { foreignTarget } from './foreign-target.ts';
import type { Shape } from './load-plan.ts';
import { type LocalTarget, startLocalTarget } from './local-target.ts';
import { requireK6 } from './run-k6.ts';
import { planOf, runLoad } from './run-load.ts';
import { SCENARIOS } from './scenarios.ts';
import { isAboutCompleteness } from './service-levels.ts';
import { agentToken } from './testing/agent-token.ts';
import { startDroppingNode } from './testing/dropping-node.ts';
import { runTestRun } from './testing/runners.ts';

describe('k6 against three nodes behind nginx', () => {
  let local: LocalTarget;
  let prometheus: PrometheusService;
  beforeAll(async () => {
    [local, prometheus] = await Promise.all([startLocalTarget({ nodes: 3 }), startPrometheus()]);
  });
  afterAll(() => Promise.all([local?.stop(), prometheus?.stop()]));

  const smoke = (url: string, more: Partial<Shape> = {}) =>
    runLoad({
      scenario: 'smoke',
      shape: { ...SCENARIOS.smoke, ...more },
      target: { url, sessions: local.sessions },
      local,
      reportFile: null,
      prometheusUrl: prometheus.writeUrl,
      isVisible: false,
      say: () => {},
    });

  /** The series of a metric as they were last, those of a run that has ended too. */
  const lastOf = (metric: string) => prometheus.query(`last_over_time(${metric}[10m])`);

  it('delivers every edit across nodes, converges, and holds every session', async () => {
    const { levels, figures, reasons } = await smoke(local.url);
    // Times are those of a machine that tests; the levels for them are for measurements.
    const broken = levels.filter(({ metric, holds }) => !holds && isAboutCompleteness(metric));
    expect(broken, reasons.join('\n')).toEqual([]);
    expect(figures).toMatchObject({
      sessions_converged: { passes: SCENARIOS.smoke.sessions, fails: 0 },
      sessions_held: { fails: 0 },
    });
    expect(figures['delivery_latency{path:across}']?.['count']).toBeGreaterThan(0);
    expect(figures['deliveries_received']).toEqual(figures['deliveries_expected']);
    const written = await lastOf('k6_deliveries_received_total');
    expect(written.map(({ value }) => value)).toEqual([figures['deliveries_received']?.['count']]);
  });

  it('fails when one of the nodes drops updates', async () => {
    const [first, ...others] = local.cluster.nodes.map(({ base }) => Number(new URL(base).port));
    const dropping = await startDroppingNode(first ?? 0, 4);
    const front = await local.front([dropping.port, ...others]);
    const { verdict, levels } = await smoke(front.url, { agreeWithinMs: 2_000 });
    expect(dropping.dropped).toBeGreaterThan(0);
    expect(verdict).toBe('failed');
    const broken = levels.filter(({ holds }) => !holds).map(({ metric }) => metric);
    expect(broken).toEqual(expect.arrayContaining(['deliveries_missing', 'sessions_converged']));
    dropping.close();
  });

  it('runs as the TestRun of k8s does: two k6 share the sessions, and write their figures to Prometheus', async () => {
    const shape: Shape = { ...SCENARIOS.smoke, roomSize: 6, sessions: 12 };
    const target = foreignTarget(local.url, await agentToken(local.url, local.cluster.somebody));
    const seeds = await target.sessions(shape.sessions, shape.roomSize, 0);
    const plan = planOf({ scenario: 'smoke', shape, url: target.url, hasSignIns: false });
    const k6 = requireK6();
    const manifests = await buildLoadTest((dir) => writeClusterBundle(dir, { plan, seeds, k6 }));
    const runs = await runTestRun(manifests, k6, { K6_PROMETHEUS_RW_SERVER_URL: prometheus.writeUrl });
    for (const { metrics } of runs) {
      expect(metrics['sessions_converged']?.values).toMatchObject({ passes: 6, fails: 0 });
      expect(metrics['sessions_held']?.values).toMatchObject({ passes: 6, fails: 0 });
      expect(metrics['deliveries_expected']?.values['count']).toBeGreaterThan(0);
      expect(metrics['deliveries_received']?.values).toEqual(metrics['deliveries_expected']?.values);
    }
    const received = runs.map(({ metrics }) => metrics['deliveries_received']?.values['count']);
    const written = await lastOf('k6_deliveries_received_total{testrun_name="kryton-load"}');
    const byRunner = written.toSorted((one, other) => instanceOf(one) - instanceOf(other));
    expect(byRunner.map(instanceOf)).toEqual([1, 2]);
    expect(byRunner.map(({ value }) => value)).toEqual(received);
    const latencies = await lastOf('k6_delivery_latency_p99{testrun_name="kryton-load"}');
    expect(new Set(latencies.map(({ labels }) => labels['path']))).toEqual(new Set(['same', 'across']));
  });
});

function instanceOf({ labels }: Series): number {
  return Number(labels['instance_id']);
}
