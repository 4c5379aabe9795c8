/** The composition root of one cluster node: `npm run node`. */
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { type Config, describeConfig, loadConfig } from '@kryton/engine/config/load-config.ts';
import { requireAuthentication } from '@kryton/engine/config/require-authentication.ts';
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
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { type Logger, pino } from 'pino';
import { openAccess } from './access/open-access.ts';
import { type ClusterNode, createNode } from './app.ts';
import { visitors } from './auth/visitors.ts';
import { WEB_ROOT } from './http/web-root.ts';
import { exposition } from './metrics/exposition.ts';
import { limitsOf, nodeDeadlines, nodeService } from './node-service.ts';

/** Merging and filtering of large documents; folding is the worker's. */
const HEAVY = { minThreads: 1, maxThreads: 2, memoryMb: 768 };

/** Everything one node holds, in the order in which it is opened. */
function clusterNode(config: Config, logger: Logger): Service {
  const stores = storesOf(config);
  if (stores.kind !== 'cluster') throw new StartupError('a cluster node needs REDIS_URL and DATABASE_URL');
  const { redisUrl: url, databaseUrl } = stores;
  const name = config.nodeName;
  const onError = (error: unknown) => logger.warn({ err: error }, 'a connection has trouble');
  const closing: (() => Promise<unknown>)[] = [];
  let node: ClusterNode | null = null;
  let service: Service | null = null;

  return {
    name,
    async run() {
      for (const warning of await checkRedis(url)) logger.warn(warning);
      const options = {
        applicationName: name,
        connections: config.databaseConnections,
        onIdleError: onError,
      };
      const database = await connectDatabase({ url: databaseUrl }, options);
      closing.push(database.close);
      await checkMigrated(database.db);
      const log = await RedisUpdateLog.connect({ url, name, onError });
      closing.push(() => log.close());
      const jobs = await BullMqJobQueue.connect({ url, name, onError });
      closing.push(() => jobs.close());
      const heavy = createHeavyWork(HEAVY);
      closing.push(() => heavy.close());
      node = await createNode({
        name,
        log,
        jobs,
        heavy,
        logger,
        snapshots: new PostgresSnapshotStore(database.db),
        authenticator: visitors,
        access: openAccess,
        timers: systemTimers,
        webRoot: WEB_ROOT,
        urls: [],
        trustProxy: config.trustProxy,
        routes: [],
        limits: limitsOf(config),
      });
      service = nodeService(node, config.host, config.port);
      if (config.metricsPort !== 0) {
        const source = exposition([node.metrics.registry]);
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

async function main(): Promise<void> {
  const config = loadConfig(process.env, { role: 'node' });
  requireAuthentication(config, false);
  const logger = pino({ level: config.logLevel, base: { name: 'node', node: config.nodeName } });
  await runServices([clusterNode(config, logger)], {
    deadlines: nodeDeadlines(config),
    process,
    log: logger,
  });
}

main().catch((error: unknown) => exitWith(error));
