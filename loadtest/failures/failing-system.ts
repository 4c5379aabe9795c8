import type { FaultProxy } from '@kryton/engine/testing/services/fault-proxy.ts';
import type { FailureClient } from './failure-client.ts';
import type { Saves } from './saves.ts';

/** A node as a process of its own. */
export type FailingNode = {
  readonly port: number;
  /** Where its clients connect; it can lead them to another node, as a proxy does that knows. */
  readonly door: FaultProxy;
  readonly toRedis: FaultProxy;
  /** How often it ended although nobody stopped or killed it; it was started again at once. */
  ends(): number;
  /** Resolves when it is ready. */
  start(): Promise<void>;
  /** SIGTERM; SIGKILL after 10 s. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
};

/** A server of two nodes on a Redis and, where it saves outside of Redis, a PostgreSQL of its own. */
export type FailingSystem = {
  readonly name: string;
  /** What counts as its acknowledgement of an edit, in words. */
  readonly acknowledgement: string;
  /** How it is configured, as far as durability goes. */
  readonly configuration: string;
  readonly nodes: readonly [FailingNode, FailingNode];
  /** In the first bytes of the connection on which a node hears others through Redis. */
  readonly subscription: RegExp;
  /** Null where nothing is saved outside of Redis. */
  readonly saves: Saves | null;
  readonly redisPort: number;
  /** SIGKILL; its files stay. */
  crashRedis(): Promise<void>;
  startRedis(): Promise<void>;
  /** A new client that comes in by the door of a node (0 or 1). */
  open(node: 0 | 1, docId: string, name: string): FailureClient;
  stop(): Promise<void>;
};

export type StartFailingSystem = () => Promise<FailingSystem>;
