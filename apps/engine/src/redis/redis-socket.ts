import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { SentinelConnector } from 'ioredis';
import type { RedisTarget } from '../config/redis-url.ts';
import { sentinelOptions } from '../log/redis-connection.ts';

export type RedisSockets = {
  /** Resolves with a socket that is connecting, or connected. Rejects when nobody says where to. */
  open(): Promise<Socket>;
  /** Whether a server with that role (`master`, `slave`, as INFO tells it) is the one that is wanted. */
  isWanted(role: string): boolean;
  /** No socket is wanted any more. */
  close(): void;
};

/** Sockets to the server of a URL, or to the one that its sentinels call the master at the time. */
export function redisSockets(
  target: Exclude<RedisTarget, { kind: 'cluster' }>,
  onError: (error: unknown) => void,
): RedisSockets {
  if (target.kind === 'sentinel') {
    const connector = new SentinelConnector({ role: 'master', ...sentinelOptions(target) });
    return {
      open: () =>
        connector.connect((event, error) => {
          // What a single sentinel does not know, another one tells.
          if (event === 'error') onError(error);
        }),
      isWanted: (role) => connector.check({ role }),
      close: () => connector.disconnect(),
    };
  }
  const { address, access } = target;
  return {
    async open() {
      if (!access.isTls) return connectTcp(address);
      return connectTls({ ...address, servername: access.servername ?? address.host });
    },
    isWanted: () => true,
    close() {},
  };
}
