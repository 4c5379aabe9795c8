/** The composition root of the worker: `npm run worker`. */
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { type Config, describeConfig, loadConfig } from '@kryton/engine/config/load-config.ts';
import { storesOf } from '@kryton/engine/config/stores.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { checkMigrated } from '@kryton/engine/database/migrate.ts';
import { BullMqJobProcessor } from '@kryton/engine/jobs/bullmq-job-processor.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import type { JobResult } from '@kryton/engine/jobs/job-queue.ts';
import type { Service } from '@kryton/engine/lifecycle/lifecycle.ts';
import { serveMetrics } from '@kryton/engine/lifecycle/metrics-server.ts';
import { runServices } from '@kryton/engine/lifecycle/run-services.ts';
import { exitWith, StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { DatabaseMetrics } from '@kryton/engine/metrics/database-metrics.ts';
import { exposition } from '@kryton/engine/metrics/exposition.ts';
import { connectRedis } from '@kryton/engine/redis/redis-stores.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { startTracing } from '@kryton/engine/tracing/start-tracing.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import { type Logger, pino } from 'pino';
import { FINISH_MS, WORKER_DEADLINES } from './deadlines.ts';
import { foldWorker } from './fold-worker.ts';
import { StoreMetrics } from './store-metrics.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { WorkerReports } from './worker-reports.ts';

/** Heap of a folding thread: a pass of 64 MiB of updates takes about a third of it. */
const FOLD_MEMORY_MB = 768;
const SWEEP_EVERY_MS = 30_000;

/** Everything the worker holds, in the order in which it is opened. */
function workerService(config: Config, logger: Logger, tracing: Tracing | null): Service {
  const stores = storesOf(config);
  if (stores.kind !== 'cluster') throw new StartupError('a worker needs REDIS_URL and DATABASE_URL');
  const { redisUrl: url } = stores;
  const name = `worker:${config.nodeName}`;
  const onError = (error: unknown) => logger.warn({ err: error }, 'Redis or a job');
  const closing: (() => Promise<unknown>)[] = [async () => tracing?.close()];
  let processor: BullMqJobProcessor | undefined;
  let reports: WorkerReports | undefined;

  return {
    name: 'worker',
    async run() {
      for (const warning of await checkRedis(url)) logger.warn(warning);
      const metrics = new WorkerMetrics(config.nodeName);
      closing.push(async () => metrics.stop());
      const { databaseConnections: connections } = config;
      const observer = new DatabaseMetrics(metrics.set, connections);
      const database = await connectDatabase(
        { url: stores.databaseUrl },
        { applicationName: name, connections, observer, onIdleError: onError },
      );
      observer.watch(database.pool);
      closing.push(database.close);
      await checkMigrated(database.db);
      const redis = await connectRedis({ url, name, onError });
      closing.push(() => redis.close());
      const log = await redis.updateLog();
      closing.push(() => log.close());
      const jobs = await BullMqJobQueue.connect(redis.jobs);
      closing.push(() => jobs.close());
      const folder = createHeavyWork({ maxThreads: config.workerConcurrency, memoryMb: FOLD_MEMORY_MB });
      closing.push(() => folder.close());
      const storeMetrics = new StoreMetrics(metrics.set, {
        store: jobs,
        timers: systemTimers,
        wallClock: Date.now,
      });
      void storeMetrics.run();
      closing.push(async () => storeMetrics.stop());
      if (config.metricsPort !== 0) {
        const server = await serveMetrics(exposition([metrics.registry]), null, config.metricsPort);
        closing.push(() => server.close());
      }
      const roster = await redis.roster();
      closing.push(() => roster.close());
      const handlers = foldWorker({
        log,
        snapshots: new PostgresSnapshotStore(database.db),
        quarantine: new PostgresQuarantine(database.db),
        folder,
        jobs,
        metrics,
        logger,
        tracing,
        now: () => performance.now(),
        storeNow: () => jobs.storeNow(),
        options: { keepMs: config.logKeepMs },
      });
      // One more than folds at a time, so that the sweep does not wait for them.
      const options = {
        concurrency: config.workerConcurrency + 1,
        sweepEveryMs: SWEEP_EVERY_MS,
        onJob: (result: JobResult) => metrics.jobEnded(result),
      };
      processor = await BullMqJobProcessor.start(redis.jobs, handlers, options);
      reports = new WorkerReports({
        ...{ roster, name: config.nodeName, figures: metrics.figures },
        ...{ timers: systemTimers, logger },
      });
      void reports.report();
      logger.info({ config: describeConfig(config) }, 'worker ready');
    },
    async drain() {
      void reports?.drain();
      await processor?.stop(FINISH_MS);
      processor = undefined;
    },
    async stop() {
      await processor?.stop(0);
      await reports?.stop();
      for (const close of closing.toReversed()) await close();
    },
  };
}

async function main(): Promise<void> {
  const config = loadConfig(process.env, { role: 'worker' });
  const logger = pino({ level: config.logLevel, base: { name: 'worker', node: config.nodeName } });
  const traced = { service: 'kryton-worker', instance: config.nodeName, logger };
  const tracing = await startTracing(process.env, traced);
  const services = [workerService(config, logger, tracing)];
  await runServices(services, { deadlines: WORKER_DEADLINES, process, log: logger });
}

main().catch((error: unknown) => exitWith(error));
