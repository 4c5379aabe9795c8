import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, type RedisOptions } from 'ioredis';
import { parseRedisUrl } from '../config/redis-url.ts';
import { pause, systemTimers } from '../lifecycle/timers.ts';
import { isDemoted } from '../log/redis-connection.ts';
import type { RedisTopology } from './redis-topology.ts';

const ASK_AGAIN_MS = 250;

/**
 * The URL and the options of ioredis for a connection to `at`: one Redis, or in a cluster the master that has the slot
 * of `key`, also after the next failover. A command that comes to a former master rejects, and leads to the new one.
 */
export function leadTo(
  at: string | RedisTopology,
  key: string,
): { readonly url: string; readonly options: RedisOptions } {
  if (typeof at === 'string') return { url: at, options: {} };
  const options = {
    Connector: slotConnector(at, key),
    reconnectOnError: (error: Error) => isDemoted(error) || error.message.startsWith('MOVED'),
  };
  return { url: at.masterOf(key), options };
}

/**
 * For connections that always lead to the master which has the slot of `key`, as a sentinel's lead to its master: each
 * time that ioredis connects, the cluster is asked where that is. For users of Redis that need one connection and keep
 * to one slot.
 */
function slotConnector(topology: RedisTopology, key: string): NonNullable<RedisOptions['Connector']> {
  return class SlotConnector extends AbstractConnector {
    constructor(options: unknown) {
      super(disconnectTimeoutOf(options));
    }

    override async connect(_: unknown): Promise<Socket> {
      this.connecting = true;
      const target = parseRedisUrl(await this.#master());
      if (target.kind !== 'server') throw new TypeError('a master is one server');
      const { address, access } = target;
      const servername = access.servername === null ? {} : { servername: access.servername };
      const stream = access.isTls ? connectTls({ ...address, ...servername }) : connectPlain(address);
      stream.once('error', (error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }

    /** Waits for one as long as there is none: ioredis gives up for good when a connector fails. */
    async #master(): Promise<string> {
      for (;;) {
        await topology.refresh();
        if (!this.connecting) throw new Error('Connection is closed.');
        try {
          return topology.masterOf(key);
        } catch {
          await pause(systemTimers, ASK_AGAIN_MS);
        }
      }
    }
  };
}

/** How long ioredis lets a connection end by itself, ms. */
function disconnectTimeoutOf(options: unknown): number {
  const given =
    typeof options === 'object' && options !== null && 'disconnectTimeout' in options
      ? options.disconnectTimeout
      : null;
  return typeof given === 'number' ? given : 2_000;
}
