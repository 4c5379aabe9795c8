import type { MessageBus } from '@kryton/engine/bus/message-bus.ts';
import { decodeMessage, encodeMessage } from './message-codec.ts';
import type { PluginMessage } from './plugin.ts';
import { outsidePlugins } from './plugin-scope.ts';
import type { RunningPlugin } from './running-plugin.ts';
import { Unavailable } from './unavailable.ts';

const CHANNEL = /^[A-Za-z0-9_.:-]{1,100}$/;
const MAX_SUBSCRIPTIONS = 1_000;

type Listener = (message: PluginMessage) => void | Promise<void>;

/** The channels of one plugin on the bus of the cluster; nobody else's are within its reach. */
export class PluginChannels {
  readonly #plugin: RunningPlugin;
  readonly #bus: MessageBus;
  readonly #subscriptions = new Set<() => Promise<void>>();

  constructor(plugin: RunningPlugin, bus: MessageBus) {
    this.#plugin = plugin;
    this.#bus = bus;
    plugin.whenOff(() => this.#endAll());
  }

  async publish(channel: string, message: PluginMessage): Promise<void> {
    const [name, encoded] = [this.#nameOf(channel), encodeMessage(message)];
    await reach(() => this.#bus.publish(name, encoded));
  }

  async subscribe(channel: string, listener: Listener): Promise<() => Promise<void>> {
    const name = this.#nameOf(channel);
    if (!this.#plugin.isOn) throw new Unavailable('this plugin is switched off');
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) {
      throw new RangeError(`a plugin may hold ${MAX_SUBSCRIPTIONS} subscriptions; end some first`);
    }
    const hear = (encoded: Uint8Array) => {
      if (!this.#plugin.isOn) return;
      void this.#plugin.call(`hearing ${channel}`, () => listener(decodeMessage(encoded)));
    };
    const unsubscribe = await reach(() => this.#bus.subscribe(name, hear));
    const end = async () => {
      if (this.#subscriptions.delete(end)) await reach(unsubscribe);
    };
    this.#subscriptions.add(end);
    // Switched off while the subscription was under way.
    if (!this.#plugin.isOn) await end();
    return end;
  }

  #nameOf(channel: string): string {
    if (!CHANNEL.test(channel))
      throw new TypeError(`a channel's name is ${CHANNEL}, not ${JSON.stringify(channel)}`);
    return `kry:plugin:${this.#plugin.id}:${channel}`;
  }

  #endAll(): void {
    // The bus is away, or closing: then the subscriptions end with it.
    for (const end of this.#subscriptions) void end().catch(() => {});
  }
}

/** Asks the bus; what it cannot do at the moment is no fault of the plugin. */
async function reach<Result>(ask: () => Promise<Result>): Promise<Result> {
  try {
    return await outsidePlugins(ask);
  } catch (cause) {
    throw new Unavailable('other nodes cannot be reached at the moment', { cause });
  }
}
