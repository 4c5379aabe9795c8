import type { Labels, MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import type { Counter, Gauge } from 'prom-client';

const PLUGIN = { plugin: { anyOf: 'the plugins that were loaded' } } as const satisfies Labels;

/** The figures of the plugins of a node. The label `plugin` has as many values as plugins were loaded. */
export class PluginMetrics {
  readonly #requests: Counter<'plugin' | 'kind' | 'result'>;
  readonly #faults: Counter<'plugin' | 'kind'>;
  readonly #sockets: Gauge<'plugin'>;
  readonly #on: Gauge<'plugin'>;

  constructor(set: MetricSet) {
    this.#requests = set.counter(
      'kryton_plugin_requests_total',
      'HTTP requests and WebSocket messages that plugins handled, and how that went.',
      { ...PLUGIN, kind: ['http', 'message'], result: ['ok', 'failed'] },
    );
    this.#faults = set.counter(
      'kryton_plugin_faults_total',
      'Errors of plugins: handled ones ended a request or a socket, uncaught ones nobody waited for.',
      { ...PLUGIN, kind: ['handled', 'uncaught'] },
    );
    this.#sockets = set.gauge('kryton_plugin_connections', 'Open WebSocket connections of plugins.', PLUGIN);
    this.#on = set.gauge(
      'kryton_plugin_on',
      '1 while a plugin runs, 0 when it was switched off after repeated faults.',
      PLUGIN,
    );
  }

  handled(plugin: string, kind: 'http' | 'message', result: 'ok' | 'failed'): void {
    this.#requests.inc({ plugin, kind, result });
  }

  fault(plugin: string, kind: 'handled' | 'uncaught'): void {
    this.#faults.inc({ plugin, kind });
  }

  sockets(plugin: string, change: 1 | -1): void {
    this.#sockets.inc({ plugin }, change);
  }

  isOn(plugin: string, isOn: boolean): void {
    this.#on.set({ plugin }, isOn ? 1 : 0);
  }
}
