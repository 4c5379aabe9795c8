import { createHeavyWork, type HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { SharedCounters } from '@kryton/engine/counters/shared-counters.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import type { Access } from '../access/access.ts';
import type { Accounts, AccountsParts } from '../accounts.ts';
import { type ClusterNode, createNode, type NodeLimits, type NodeParts } from '../app.ts';
import type { Authenticator } from '../auth/principal.ts';
import type { ApiRoutes } from '../http/api.ts';
import { openAccess } from './open-access.ts';
import { visitors } from './visitors.ts';

export type TestNodeOptions = Pick<
  NodeParts,
  'auth' | 'signingKeys' | 'kicks' | 'audit' | 'reviewEveryMs'
> & {
  readonly name: string;
  readonly redisUrl: string;
  readonly snapshots: SnapshotStore;
  /** Stands between the node and its log, to drop or delay what a test wants to be lost. */
  readonly between?: (log: UpdateLog) => UpdateLog;
  readonly limits?: Partial<NodeLimits>;
  readonly authenticator?: Authenticator;
  readonly access?: Access;
  readonly routes?: readonly ApiRoutes[];
  /** Accounts on what the node runs on, in place of `authenticator`, `access`, `kicks`, `audit` and `routes`. */
  readonly accounts?: (engine: Pick<AccountsParts, 'log' | 'snapshots' | 'heavy'>) => Promise<Accounts>;
  readonly plugins?: NodeParts['plugins'];
  readonly trustProxy?: boolean | string[];
  /** Nothing is logged unless told. */
  readonly logger?: FastifyBaseLogger;
  readonly counters?: Pick<SharedCounters, 'add'>;
  /** The folder of the built page; none unless told. */
  readonly webRoot?: string;
  /** What the node tells pages about further nodes; nothing unless told. */
  readonly urls?: readonly string[];
  /** A free one unless told. */
  readonly port?: number;
};

/** A node in this process, on a real Redis, for tests that look at what it does and counts. */
export type TestNode = {
  readonly node: ClusterNode;
  readonly port: number;
  readonly log: UpdateLog;
  /** Documents whose fold was asked for. */
  readonly folds: DocId[];
  /** The sum of a metric over its labels, or of those with `label`. */
  metric(name: string, label?: string): Promise<number>;
  /** Leaves as a node does that is told to. */
  stop(): Promise<void>;
};

const LIMITS: NodeLimits = {
  connections: 5_000,
  documentConnections: 5_000,
  userConnections: 5_000,
  // Everything in a test comes from one address.
  minute: { handshakes: 1_000_000, requests: 1_000_000, messages: 100_000_000, failures: 1_000_000 },
  messageBytes: 24 * 1024 * 1024,
  outboxBytes: 1024 * 1024,
  messagesPerSecond: 1_000,
  bytesPerSecond: 4 * 1024 * 1024,
  cacheBytes: 64 * 1024 * 1024,
  pendingBytes: 64 * 1024 * 1024,
  graceMs: 15_000,
  foldDelayMs: 5_000,
  drainMs: 500,
  maxConnectionAgeMs: 0,
  // The clients are in this process too, and would be what makes it late.
  overloadDelayMs: 0,
};

export async function startTestNode(options: TestNodeOptions): Promise<TestNode> {
  const { name, redisUrl, snapshots } = options;
  const redis = await RedisUpdateLog.connect({ url: redisUrl, name, onError: () => {} });
  const log = options.between?.(redis) ?? redis;
  const heavy: HeavyWork = createHeavyWork({ maxThreads: 1, memoryMb: 512 });
  const folds: DocId[] = [];
  const accounts = await options.accounts?.({ log, snapshots, heavy });
  const node = await createNode({
    name,
    ...(options.kicks && { kicks: options.kicks }),
    ...(options.audit && { audit: options.audit }),
    ...(options.reviewEveryMs !== undefined && { reviewEveryMs: options.reviewEveryMs }),
    log,
    snapshots,
    heavy,
    jobs: {
      scheduleFold: async (docId) => {
        folds.push(docId);
      },
    },
    authenticator: options.authenticator ?? visitors,
    access: options.access ?? openAccess,
    logger: options.logger ?? pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }),
    timers: systemTimers,
    webRoot: options.webRoot ?? '/nowhere',
    urls: options.urls ?? [],
    trustProxy: options.trustProxy ?? false,
    routes: options.routes ?? [],
    ...(options.plugins && { plugins: options.plugins }),
    limits: { ...LIMITS, ...options.limits },
    ...(options.counters && { counters: options.counters }),
    ...accounts,
  });
  const port = options.port ?? (await freePort());
  await node.listen('127.0.0.1', port);
  return {
    node,
    port,
    log,
    folds,
    async metric(metricName, label) {
      const metric = node.metrics.registry.getSingleMetric(metricName);
      if (!metric) throw new Error(`there is no metric ${metricName}`);
      const { values } = await metric.get();
      return values
        .filter(({ labels }) => label === undefined || Object.values(labels).includes(label))
        .reduce((sum, { value }) => sum + value, 0);
    },
    async stop() {
      await node.drain();
      await node.stop();
      await accounts?.close();
      await heavy.close();
      await redis.close();
    },
  };
}
