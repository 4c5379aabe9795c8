import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Shape } from './load-plan.ts';
import { type LocalTarget, startLocalTarget } from './local-target.ts';
import { runLoad } from './run-load.ts';
import { SCENARIOS } from './scenarios.ts';
import { isAboutCompleteness } from './service-levels.ts';
import { startDroppingNode } from './testing/dropping-node.ts';

describe('k6 against three nodes behind nginx', () => {
  let local: LocalTarget;
  beforeAll(async () => {
    local = await startLocalTarget({ nodes: 3 });
  });
  afterAll(() => local?.stop());

  const smoke = (url: string, more: Partial<Shape> = {}) =>
    runLoad({
      scenario: 'smoke',
      shape: { ...SCENARIOS.smoke, ...more },
      target: { url, sessions: local.sessions },
      local,
      reportFile: null,
      prometheusUrl: null,
      isVisible: false,
      say: () => {},
    });

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
});
