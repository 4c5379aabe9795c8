import { Counter, Gauge, type Registry } from 'prom-client';

/** The figures of the plugins of a node. The label `plugin` has as many values as plugins were loaded. */
export class PluginMetrics {
  readonly #requests: Counter<'plugin' | 'kind' | 'result'>;
  readonly #faults: Counter<'plugin' | 'kind'>;
  readonly #sockets: Gauge<'plugin'>;
  readonly #on: Gauge<'plugin'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#requests = new Counter({
      name: 'kryton_plugin_requests_total',
      help: 'HTTP requests and WebSocket messages that plugins handled, and how that went.',
      labelNames: ['plugin', 'kind', 'result'],
      registers,
    });
    this.#faults = new Counter({
      name: 'kryton_plugin_faults_total',
      help: 'Errors of plugins: handled ones ended a request or a socket, uncaught ones nobody waited for.',
      labelNames: ['plugin', 'kind'],
      registers,
    });
    this.#sockets = new Gauge({
      name: 'kryton_plugin_sockets',
      help: 'Open WebSocket connections of plugins.',
      labelNames: ['plugin'],
      registers,
    });
    this.#on = new Gauge({
      name: 'kryton_plugin_on',
      help: '1 while a plugin runs, 0 when it was switched off after repeated faults.',
      labelNames: ['plugin'],
      registers,
    });
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
