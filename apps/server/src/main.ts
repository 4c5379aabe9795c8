/** The composition root of one cluster node: `npm run node`. */
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { type Config, describeConfig, loadConfig } from '@kryton/engine/config/load-config.ts';
import { storesOf } from '@kryton/engine/config/stores.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { checkMigrated } from '@kryton/engine/database/migrate.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import type { Service } from '@kryton/engine/lifecycle/lifecycle.ts';
import { serveMetrics } from '@kryton/engine/lifecycle/metrics-server.ts';
import { runServices } from '@kryton/engine/lifecycle/run-services.ts';
import { exitWith, StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { DatabaseMetrics } from '@kryton/engine/metrics/database-metrics.ts';
import { exposition } from '@kryton/engine/metrics/exposition.ts';
import { MetricSet } from '@kryton/engine/metrics/metric-set.ts';
import { connectRedis } from '@kryton/engine/redis/redis-stores.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { startTracing } from '@kryton/engine/tracing/start-tracing.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import { type Logger, pino } from 'pino';
import { openAccounts } from './accounts.ts';
import { type ClusterNode, createNode } from './app.ts';
import { WEB_ROOT } from './http/web-root.ts';
import { loggerOptions } from './logging/logger-options.ts';
import { limitsOf, nodeDeadlines, nodeService } from './node-service.ts';
import { guardProcess } from './plugins/guard-process.ts';
import { loadPlugins } from './plugins/load-plugins.ts';

/** Merging and filtering of large documents; folding is the worker's. */
const HEAVY = { minThreads: 1, maxThreads: 2, memoryMb: 768 };

/** Everything one node holds, in the order in which it is opened. */
function clusterNode(config: Config, logger: Logger, tracing: Tracing | null): Service {
  const stores = storesOf(config);
  if (stores.kind !== 'cluster') throw new StartupError('a cluster node needs REDIS_URL and DATABASE_URL');
  const { redisUrl: url, databaseUrl } = stores;
  const secret = secretOf(config);
  const name = config.nodeName;
  const onError = (error: unknown) => logger.warn({ err: error }, 'a connection has trouble');
  const closing: (() => Promise<unknown>)[] = [async () => tracing?.close()];
  let node: ClusterNode | null = null;
  let service: Service | null = null;

  return {
    name,
    async run() {
      const replicas = config.redisWaitReplicas;
      for (const warning of await checkRedis(url, { replicas })) logger.warn(warning);
      const { databaseConnections: connections } = config;
      const databaseSet = new MetricSet(name);
      const observer = new DatabaseMetrics(databaseSet, connections);
      const options = {
        applicationName: name,
        connections,
        observer,
        onIdleError: onError,
      };
      const database = await connectDatabase({ url: databaseUrl }, options);
      observer.watch(database.pool);
      closing.push(database.close);
      await checkMigrated(database.db);
      const redis = await connectRedis({ url, name, onError });
      closing.push(() => redis.close());
      const log = await redis.updateLog({ replicas });
      closing.push(() => log.close());
      const jobs = await BullMqJobQueue.connect(redis.jobs);
      closing.push(() => jobs.close());
      const heavy = createHeavyWork(HEAVY);
      closing.push(() => heavy.close());
      const bus = await redis.messageBus();
      closing.push(() => bus.close());
      const sessions = await redis.sessionStorage();
      closing.push(() => sessions.close());
      const counters = await redis.sharedCounters();
      closing.push(() => counters.close());
      const roster = await redis.roster();
      closing.push(() => roster.close());
      const snapshots = new PostgresSnapshotStore(database.db);
      const accounts = await openAccounts({
        db: database.db,
        log,
        snapshots,
        quarantine: new PostgresQuarantine(database.db),
        heavy,
        bus,
        sessions,
        roster,
        config,
        secret,
        name,
        logger,
        timers: systemTimers,
        now: Date.now,
      });
      closing.push(() => accounts.close());
      const unguard = config.pluginsDir ? guardProcess(process) : () => {};
      closing.push(async () => unguard());
      const plugins = config.pluginsDir && (await loadPlugins(config.pluginsDir, { log: logger }));
      await heavy.warm();
      node = await createNode({
        ...accounts,
        counters,
        roster,
        tracing,
        name,
        log,
        jobs,
        heavy,
        logger,
        snapshots,
        timers: systemTimers,
        webRoot: WEB_ROOT,
        urls: [],
        trustProxy: config.trustProxy,
        appUrl: config.appUrl,
        origins: config.corsOrigins,
        ...(plugins && { plugins: { loaded: plugins, bus } }),
        limits: limitsOf(config),
      });
      service = nodeService(node, config.host, config.port);
      if (config.metricsPort !== 0) {
        const source = exposition([node.metrics.registry, databaseSet.registry]);
        const metrics = await serveMetrics(source, config.host, config.metricsPort);
        closing.push(() => metrics.close());
      }
      await service.run();
      logger.info({ port: config.port, config: describeConfig(config) }, `${name} is ready`);
    },
    async drain() {
      await service?.drain?.();
    },
    async stop() {
      await service?.stop();
      for (const close of closing.toReversed()) await close();
    },
  };
}

/** `loadConfig` asks a node for it. */
function secretOf({ authSecret }: Config): string {
  if (authSecret === null) throw new StartupError('a cluster node needs BETTER_AUTH_SECRET');
  return authSecret;
}

async function main(): Promise<void> {
  const config = loadConfig(process.env, { role: 'node' });
  const logger = pino(loggerOptions(config.logLevel, { name: 'node', node: config.nodeName }));
  const traced = { service: 'kryton-node', instance: config.nodeName, logger };
  const tracing = await startTracing(process.env, traced);
  await runServices([clusterNode(config, logger, tracing)], {
    deadlines: nodeDeadlines(config),
    process,
    log: logger,
  });
}

main().catch((error: unknown) => exitWith(error));
