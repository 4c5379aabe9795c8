import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultyFlow, type FlowFaults } from './faulty-flow.ts';

/** `toServer`: what clients send. `toClient`: what the server answers. */
export type Direction = 'toServer' | 'toClient';

/**
 * A TCP proxy on 127.0.0.1 that breaks what passes through it, for tests of what happens then. Faults last until
 * {@link FaultProxy.mend} and apply to the connections that are there and to those that come, unless told otherwise.
 */
export type FaultProxy = {
  readonly port: number;
  /** Connections that are open at the moment. */
  readonly connections: number;
  /** Ends every connection at once (RST) and refuses new ones. */
  cut(): void;
  /** Ends every connection at once; new ones are accepted. */
  sever(): void;
  /**
   * Lets nothing more pass in a direction, while the connections stay up: bytes wait, as they do in a network that
   * loses packets. With `only`, just the present connections whose first bytes match it.
   */
  hold(direction: Direction, only?: RegExp): void;
  /** Every byte arrives `ms` later, in both directions. */
  delay(ms: number): void;
  /** At most this much passes per connection and direction. */
  throttle(bytesPerSecond: number): void;
  /** New connections lead to another port of 127.0.0.1, as a name does after a failover. */
  lead(target: number): void;
  /** Ends all faults; what was held passes. */
  mend(): void;
  /** Ends everything. */
  close(): Promise<void>;
};

type Link = {
  readonly client: Socket;
  readonly server: Socket;
  readonly flows: Readonly<Record<Direction, FaultyFlow>>;
};

/** Listens on a free port, or on `port`, and passes everything on to 127.0.0.1:`target`. */
export async function startFaultProxy(target: number, port = 0): Promise<FaultProxy> {
  const links = new Set<Link>();
  let isCut = false;
  let leadsTo = target;
  let faults: FlowFaults = { delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
  const held = new Set<Direction>();

  const server = createServer((client) => {
    if (isCut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(leadsTo, '127.0.0.1');
    const options = () => faults;
    const flows = {
      toServer: new FaultyFlow(client, upstream, options),
      toClient: new FaultyFlow(upstream, client, options),
    };
    const link = { client, server: upstream, flows };
    for (const direction of held) flows[direction].hold();
    links.add(link);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.once('close', () => {
        if (client.destroyed && upstream.destroyed) links.delete(link);
      });
    }
  });
  const reset = () => {
    for (const { client, server: upstream } of links) {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    }
    links.clear();
  };
  const listensOn = await listen(server, port);

  return {
    port: listensOn,
    get connections() {
      return links.size;
    },
    cut() {
      isCut = true;
      reset();
    },
    sever: reset,
    hold(direction, only) {
      if (!only) held.add(direction);
      for (const { flows } of links) {
        if (!only || only.test(flows.toServer.firstBytes)) flows[direction].hold();
      }
    },
    delay(ms) {
      faults = { ...faults, delayMs: ms };
    },
    throttle(bytesPerSecond) {
      faults = { ...faults, bytesPerSecond };
    },
    lead(other) {
      leadsTo = other;
    },
    mend() {
      isCut = false;
      held.clear();
      faults = { delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };
      for (const { flows } of links) for (const flow of Object.values(flows)) flow.release();
    },
    async close() {
      reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address.port;
}
