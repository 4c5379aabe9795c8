import { DatabaseMetrics } from '@kryton/engine/metrics/database-metrics.ts';
import type { MetricDescription } from '@kryton/engine/metrics/metric-set.ts';
import type { NodeGauges } from '@kryton/server/metrics/node-gauges.ts';
import { NodeMetrics } from '@kryton/server/metrics/node-metrics.ts';
import { PluginMetrics } from '@kryton/server/plugins/plugin-metrics.ts';
import { StoreMetrics } from '@kryton/worker/store-metrics.ts';
import { WorkerMetrics } from '@kryton/worker/worker-metrics.ts';

/** What each kind of process exposes in a cluster. */
export type AllMetrics = {
  readonly node: readonly MetricDescription[];
  readonly worker: readonly MetricDescription[];
};

/** Every metric there is, from the classes that expose them; nothing is measured. */
export function allMetrics(): AllMetrics {
  return { node: nodeMetrics(), worker: workerMetrics() };
}

function nodeMetrics(): readonly MetricDescription[] {
  const metrics = new NodeMetrics('any', NOTHING);
  new PluginMetrics(metrics.set);
  new DatabaseMetrics(metrics.set, 0);
  metrics.stop();
  return metrics.set.descriptions;
}

function workerMetrics(): readonly MetricDescription[] {
  const metrics = new WorkerMetrics('any');
  new DatabaseMetrics(metrics.set, 0);
  new StoreMetrics(metrics.set, NO_STORE);
  metrics.stop();
  return metrics.set.descriptions;
}

const NOTHING: NodeGauges = {
  connections: () => 0,
  connectionsLimit: () => 0,
  slowReaders: () => 0,
  documents: () => 0,
  cacheBytes: () => 0,
  cacheLimitBytes: () => 0,
  outboxBytes: () => 0,
  pendingBytes: () => 0,
  pendingLimitBytes: () => 0,
  oldestUnfoldedSeconds: () => 0,
  isReady: () => false,
  isDraining: () => false,
  isOverloaded: () => false,
  canaryAgeSeconds: () => 0,
};

const NO_STORE: ConstructorParameters<typeof StoreMetrics>[1] = {
  store: {
    storeInfos: () => Promise.reject(new Error('there is no Redis')),
    counts: () => Promise.reject(new Error('there is no queue')),
  },
  timers: { now: () => 0, soon: () => () => {}, after: () => () => {} },
  wallClock: () => 0,
};
