import type { MessageBus } from '@kryton/engine/bus/message-bus.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { Access } from '../access/access.ts';
import type { Role } from '../access/role.ts';
import { checkHttpRoute, checkSocketRoute } from './check-route.ts';
import type {
  PluginContext,
  PluginHttpRoute,
  PluginLogger,
  PluginPrincipal,
  PluginSocketRoute,
} from './plugin.ts';
import { PluginChannels } from './plugin-channels.ts';
import { inPlugin, outsidePlugins } from './plugin-scope.ts';
import type { RunningPlugin } from './running-plugin.ts';
import type { ShownPeople } from './shown-people.ts';
import { Unavailable } from './unavailable.ts';

export type ContextParts = {
  readonly plugin: RunningPlugin;
  /** The name of this node. */
  readonly name: string;
  readonly log: PluginLogger;
  readonly bus: MessageBus;
  readonly access: Access;
  readonly people: ShownPeople;
};

/** What a plugin has declared in its `setup`. */
export type Declared = {
  readonly http: readonly PluginHttpRoute[];
  readonly sockets: readonly PluginSocketRoute[];
};

/** What a plugin holds, and what takes its declarations until `finish` is called. */
export function openContext(parts: ContextParts): {
  readonly context: PluginContext;
  finish(): Declared;
} {
  const { plugin, name, log, bus, access, people } = parts;
  const channels = new PluginChannels(plugin, bus);
  const http: PluginHttpRoute[] = [];
  const sockets: PluginSocketRoute[] = [];
  let isSettingUp = true;
  const declare = () => {
    if (!isSettingUp) throw new TypeError('routes are declared in setup, before it returns');
  };
  /** What we do for it fails outside of it, and what it does not catch of that is its own. */
  const own = <Result>(work: () => Promise<Result>): Promise<Result> =>
    inPlugin(plugin, async () => await work());

  const context: PluginContext = {
    id: plugin.id,
    node: name,
    log: {
      debug: (details, message) => log.debug(details, message),
      info: (details, message) => log.info(details, message),
      warn: (details, message) => log.warn(details, message),
      error: (details, message) => log.error(details, message),
    },
    http(route) {
      declare();
      checkHttpRoute(route);
      const { method, path } = route;
      if (http.some((other) => other.method === method && other.path === path))
        throw new TypeError(`${method} ${path} is declared twice`);
      http.push(route);
    },
    socket(route) {
      declare();
      checkSocketRoute(route);
      if (sockets.some(({ path }) => path === route.path))
        throw new TypeError(`the WebSocket route ${route.path} is declared twice`);
      sockets.push(route);
    },
    publish: (channel, message) => own(() => channels.publish(channel, message)),
    subscribe: (channel, listener) => own(() => channels.subscribe(channel, listener)),
    roleOn: (who, docId) => own(() => roleOn(access, people, who, docId)),
    onClose: (run) => plugin.onClose(run),
  };
  return {
    context: Object.freeze(context),
    finish() {
      isSettingUp = false;
      return { http, sockets };
    },
  };
}

async function roleOn(
  access: Access,
  people: ShownPeople,
  who: PluginPrincipal,
  text: string,
): Promise<Role | null> {
  const principal = people.behind(who);
  const docId = parseDocId(text);
  if (docId === null) return null;
  try {
    return await outsidePlugins(() => access.roleOn(principal, docId));
  } catch (cause) {
    throw new Unavailable('the grants cannot be read at the moment', { cause });
  }
}
