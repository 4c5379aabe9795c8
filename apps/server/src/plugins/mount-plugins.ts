import type { MessageBus } from '@kryton/engine/bus/message-bus.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import type { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ApiRoutes } from '../http/api.ts';
import { type PluginSocketParts, registerPluginSockets } from '../socket/plugin-route.ts';
import type { LoadedPlugin } from './load-plugins.ts';
import { openContext } from './plugin-context.ts';
import { PluginMetrics } from './plugin-metrics.ts';
import { mountPluginRoutes } from './plugin-routes.ts';
import { type PluginDeadlines, RunningPlugin } from './running-plugin.ts';
import { ShownPeople } from './shown-people.ts';

const DEADLINES: PluginDeadlines = { setupMs: 10_000, handlerMs: 10_000, closeMs: 5_000 };

export type PluginParts = Omit<PluginSocketParts, 'show'> & {
  /** What was loaded, and the bus that plugins speak over; null mounts nothing. */
  readonly plugins: { readonly loaded: readonly LoadedPlugin[]; readonly bus: MessageBus } | null;
  /** The name of this node. */
  readonly name: string;
  readonly logger: FastifyBaseLogger;
  /** Of the node; those of its plugins join them. */
  readonly metrics: MetricSet;
  /** Unless told, those that `plugin.ts` promises. */
  readonly deadlines?: PluginDeadlines;
};

export type MountedPlugins = {
  /** Their routes under `/api`; the API mounts them behind its authentication. */
  readonly routes: ApiRoutes;
  /** Calls their `onClose`, each with its deadline; never rejects. */
  close(): Promise<void>;
};

/**
 * Sets the plugins of a node up, mounts their WebSocket routes on `app` and hands over those under `/api`. Before the
 * node listens, and once per node.
 *
 * Throws a StartupError that names the file of a plugin whose `setup` throws or does not finish in time.
 */
export async function mountPlugins(app: FastifyInstance, parts: PluginParts): Promise<MountedPlugins> {
  if (parts.plugins === null) return { routes: () => {}, close: async () => {} };
  const { loaded, bus } = parts.plugins;
  const metrics = new PluginMetrics(parts.metrics);
  const people = new ShownPeople();
  const deadlines = parts.deadlines ?? DEADLINES;
  const mounted: ApiRoutes[] = [];
  const running: RunningPlugin[] = [];
  const close = async () => {
    await Promise.all(running.map((plugin) => plugin.close()));
  };
  for (const { plugin: definition, file } of loaded) {
    const { id, version } = definition;
    const log = parts.logger.child({ plugin: id });
    const plugin = new RunningPlugin({ id, log, metrics, timers: parts.timers, deadlines });
    running.push(plugin);
    try {
      const opened = openContext({ ...parts, bus, plugin, log, people });
      await plugin.setUp(() => definition.setup(opened.context));
      const { http, sockets } = opened.finish();
      registerPluginSockets(app, plugin, sockets, { ...parts, show: (who) => people.show(who) });
      mounted.push((api) => mountPluginRoutes(api, plugin, http, { access: parts.access, people }));
      log.info({ version, routes: http.length, sockets: sockets.length }, 'a plugin is set up');
    } catch (cause) {
      await close();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new StartupError(`${file}: the plugin "${id}" cannot be set up: ${why}`, { cause });
    }
  }
  return {
    routes: async (api, node) => {
      for (const mount of mounted) await mount(api, node);
    },
    close,
  };
}
