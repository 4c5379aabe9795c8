import type { Config } from '@kryton/engine/config/load-config.ts';
import type { Service } from '@kryton/engine/lifecycle/lifecycle.ts';
import { listenError } from '@kryton/engine/lifecycle/listen-error.ts';
import type { ClusterNode, NodeLimits } from './app.ts';

/** Beside the time over which clients are sent away: appending what is gathered, leaving Redis. */
const DRAIN_MARGIN_MS = 10_000;

/** Tokens of one address that are not valid: more than a mistake makes, and far from enough to guess one. */
const FAILURES_PER_MINUTE = 60;

/** The part of the configuration that bounds a node. */
export function limitsOf(config: Config): NodeLimits {
  return {
    connections: config.maxConnections,
    documentConnections: config.documentConnections,
    userConnections: config.userConnections,
    minute: {
      handshakes: config.handshakesPerMinute,
      requests: config.requestsPerMinute,
      messages: config.messagesPerMinute,
      failures: FAILURES_PER_MINUTE,
    },
    messageBytes: config.maxMessageBytes,
    outboxBytes: config.outboxBytes,
    messagesPerSecond: config.messagesPerSecond,
    bytesPerSecond: config.bytesPerSecond,
    cacheBytes: config.cacheBytes,
    pendingBytes: config.pendingBytes,
    graceMs: config.redisGraceMs,
    foldDelayMs: config.foldDelayMs,
    drainMs: config.drainMs,
    maxConnectionAgeMs: config.maxConnectionAgeMs,
    overloadDelayMs: config.overloadDelayMs,
  };
}

/** Deadlines of a process that holds a node (DRAIN1: every step has one). */
export function nodeDeadlines(config: Config): { startMs: number; drainMs: number; stopMs: number } {
  return { startMs: 90_000, drainMs: config.drainMs + DRAIN_MARGIN_MS, stopMs: 10_000 };
}

/** A node as a service: listens, drains, stops. `run` rejects with a StartupError that names the port. */
export function nodeService(node: ClusterNode, host: string, port: number): Service {
  return {
    name: `node ${node.id}`,
    async run() {
      try {
        await node.listen(host, port);
      } catch (cause) {
        throw listenError('PORT', host, port, cause);
      }
    },
    drain: () => node.drain(),
    stop: () => node.stop(),
  };
}
