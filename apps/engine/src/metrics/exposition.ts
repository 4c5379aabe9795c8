import { AggregatorRegistry, Registry } from 'prom-client';
import type { MetricsSource } from '../lifecycle/metrics-server.ts';

/**
 * The figures of several registries as one text. Nodes in one process have metrics of the same names; their label `node`
 * keeps the series apart.
 */
export function exposition(registries: readonly Registry[]): MetricsSource {
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    async text() {
      const metrics = await Promise.all(registries.map((registry) => registry.getMetricsAsJSON()));
      return await AggregatorRegistry.aggregate(metrics).metrics();
    },
  };
}
