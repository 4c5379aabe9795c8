import type { NodeGauges } from '@kryton/server/metrics/node-gauges.ts';
import { NodeMetrics } from '@kryton/server/metrics/node-metrics.ts';

/** The names of the metrics that a node serves, asked of the node's own code. */
export function nodeMetricNames(): string[] {
  // Whatever a node can be asked for; nobody asks here.
  const gauges = new Proxy({} as NodeGauges, { get: () => () => 0 });
  const metrics = new NodeMetrics('a', gauges);
  try {
    return metrics.registry.getMetricsAsArray().map(({ name }) => name);
  } finally {
    metrics.stop();
  }
}
