import { EmbeddedMessageBus } from '@kryton/engine/bus/embedded-message-bus.ts';
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { embeddedSecret } from '@kryton/engine/config/embedded-secret.ts';
import { type Config, loadConfig } from '@kryton/engine/config/load-config.ts';
import { EmbeddedSharedCounters } from '@kryton/engine/counters/embedded-shared-counters.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { type PgliteHost, startPglite } from '@kryton/engine/database/pglite-host.ts';
import { EmbeddedJobQueue } from '@kryton/engine/jobs/embedded-job-queue.ts';
import type { Service } from '@kryton/engine/lifecycle/lifecycle.ts';
import { serveMetrics } from '@kryton/engine/lifecycle/metrics-server.ts';
import { runServices } from '@kryton/engine/lifecycle/run-services.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { EmbeddedUpdateLog } from '@kryton/engine/log/embedded-update-log.ts';
import { exposition } from '@kryton/engine/metrics/exposition.ts';
import { EmbeddedRoster } from '@kryton/engine/roster/embedded-roster.ts';
import { EmbeddedSessionStorage } from '@kryton/engine/sessions/embedded-session-storage.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { startTracing } from '@kryton/engine/tracing/start-tracing.ts';
import type { Tracing } from '@kryton/engine/tracing/tracing.ts';
import { openAccounts } from '@kryton/server/accounts.ts';
import { createNode } from '@kryton/server/app.ts';
import { WEB_ROOT } from '@kryton/server/http/web-root.ts';
import { loggerOptions } from '@kryton/server/logging/logger-options.ts';
import { limitsOf, nodeDeadlines, nodeService } from '@kryton/server/node-service.ts';
import { guardProcess } from '@kryton/server/plugins/guard-process.ts';
import { loadPlugins } from '@kryton/server/plugins/load-plugins.ts';
import { foldWorker } from '@kryton/worker/fold-worker.ts';
import { serveQuarantine } from '@kryton/worker/quarantine/served-quarantine.ts';
import { WorkerMetrics } from '@kryton/worker/worker-metrics.ts';
import { WorkerReports } from '@kryton/worker/worker-reports.ts';
import { type Logger, pino } from 'pino';
import { welcome } from './welcome.ts';

const NODES = 2;
const HEAVY = { minThreads: 1, maxThreads: 2, memoryMb: 768 };
const SWEEP_EVERY_MS = 30_000;
const FINISH_MS = 5_000;

/**
 * `npm start`: two nodes, the log, the snapshots and the jobs in this process, with the data in DATA_DIR. The second
 * node listens on PORT + 1; both are what a cluster node is, only on the embedded adapters.
 */
export async function startEmbedded(env: NodeJS.ProcessEnv): Promise<void> {
  const config = loadConfig(env, { role: 'embedded' });
  const logger = pino(
    loggerOptions(env['LOG_LEVEL'] === undefined ? 'warn' : config.logLevel, { name: 'kryton' }),
  );
  let failed: (reason: string) => void = () => {};
  const tracing = await startTracing(env, { service: 'kryton', instance: 'embedded', logger });
  const service = embedded(config, logger, tracing, (error) => failed(error.message));
  const running = await runServices([service], { deadlines: nodeDeadlines(config), process, log: logger });
  failed = (reason) => running.fail(reason);
}

function embedded(
  config: Config,
  logger: Logger,
  tracing: Tracing | null,
  onFailure: (error: Error) => void,
): Service {
  const closing: (() => Promise<unknown>)[] = [async () => tracing?.close()];
  const draining: (() => Promise<unknown>)[] = [];
  const onError = (error: unknown) => logger.warn({ err: error }, 'a part has trouble');

  async function openStores(): Promise<{ database: Awaited<ReturnType<typeof connectDatabase>> }> {
    const host: PgliteHost = await startPglite({ dataDir: config.dataDir });
    closing.push(() => host.stop());
    host.onFailure(onFailure);
    const database = await connectDatabase(host.address, { applicationName: 'kryton', onIdleError: onError });
    closing.push(database.close);
    await migrate(database.db);
    return { database };
  }

  return {
    name: 'embedded',
    async run() {
      const { database } = await openStores();
      const log = new EmbeddedUpdateLog(database.db, () => Date.now());
      closing.push(() => log.close());
      const jobs = new EmbeddedJobQueue({ timers: systemTimers, random: Math.random, onError });
      closing.push(() => jobs.close());
      const heavy = createHeavyWork(HEAVY);
      closing.push(() => heavy.close());
      // Threads of its own: a long fold must not hold up a join.
      const folder = createHeavyWork({ maxThreads: config.workerConcurrency, memoryMb: HEAVY.memoryMb });
      closing.push(() => folder.close());
      const snapshots = new PostgresSnapshotStore(database.db);
      const quarantine = new PostgresQuarantine(database.db);
      const metrics = new WorkerMetrics('embedded');
      closing.push(async () => metrics.stop());
      const roster = new EmbeddedRoster(() => performance.now());
      closing.push(() => roster.close());
      const handlers = foldWorker({
        log,
        snapshots,
        jobs,
        metrics,
        logger,
        quarantine,
        folder,
        tracing,
        now: () => performance.now(),
        storeNow: async () => Date.now(),
        options: { keepMs: config.logKeepMs },
      });
      const processor = jobs.process(handlers, {
        concurrency: config.workerConcurrency,
        sweepEveryMs: SWEEP_EVERY_MS,
        onJob: (result) => metrics.jobEnded(result),
      });
      draining.push(() => processor.stop(FINISH_MS));
      const { figures } = metrics;
      const reports = new WorkerReports({ roster, name: 'jobs', figures, timers: systemTimers, logger });
      closing.push(() => reports.stop());
      draining.push(() => reports.drain());
      await reports.report();
      const served = await serveQuarantine(config.dataDir, {
        quarantine,
        log,
        snapshots,
        heavy: folder,
        askForFold: (docId) => jobs.scheduleFold(docId, 0),
        timers: systemTimers,
      });
      if (served) closing.push(() => served.close());

      const ports = Array.from({ length: NODES }, (_, index) => config.port + index);
      const urls = ports.map((port) => `http://localhost:${port}`);
      const origins = originsOf(config, ports);
      const registries = [metrics.registry];
      const bus = new EmbeddedMessageBus(onError);
      closing.push(() => bus.close());
      const sessions = new EmbeddedSessionStorage(Date.now);
      closing.push(() => sessions.close());
      const counters = new EmbeddedSharedCounters(Date.now);
      closing.push(() => counters.close());
      const accounts = await openAccounts({
        db: database.db,
        log,
        snapshots,
        quarantine,
        heavy,
        bus,
        sessions,
        roster,
        config: { ...config, corsOrigins: origins },
        secret: config.authSecret ?? embeddedSecret(config.dataDir),
        name: 'kryton',
        logger,
        timers: systemTimers,
        now: Date.now,
      });
      closing.push(() => accounts.close());
      const unguard = config.pluginsDir ? guardProcess(process) : () => {};
      closing.push(async () => unguard());
      const plugins = config.pluginsDir && (await loadPlugins(config.pluginsDir, { log: logger }));
      for (const [index, port] of ports.entries()) {
        const node = await createNode({
          name: `node-${index + 1}`,
          log,
          jobs,
          heavy,
          snapshots,
          logger,
          ...accounts,
          counters,
          roster,
          tracing,
          timers: systemTimers,
          webRoot: WEB_ROOT,
          urls,
          trustProxy: config.trustProxy,
          appUrl: config.appUrl,
          origins,
          ...(plugins && { plugins: { loaded: plugins, bus } }),
          // Both nodes leave together and there is no third to go to: nobody is made to wait.
          limits: { ...limitsOf(config), drainMs: 0 },
        });
        const service = nodeService(node, config.host, port);
        closing.push(() => service.stop());
        draining.push(async () => service.drain?.());
        registries.push(node.metrics.registry);
        await service.run();
      }
      if (config.metricsPort !== 0) {
        const server = await serveMetrics(exposition(registries), config.host, config.metricsPort);
        closing.push(() => server.close());
      }
      process.stdout.write(welcome(urls, config.dataDir));
    },
    async drain() {
      // Whoever is here has nowhere else to go: the other node leaves too. So nobody is made to wait.
      await Promise.allSettled(draining.map((drain) => drain()));
    },
    async stop() {
      for (const close of closing.toReversed()) await close();
    },
  };
}

/** Whoever tries it out opens either node, by either name of this machine. */
function originsOf({ appUrl, corsOrigins }: Config, ports: readonly number[]): string[] {
  if (new URL(appUrl).hostname !== 'localhost') return corsOrigins;
  const own = ports.flatMap((port) => [`http://localhost:${port}`, `http://127.0.0.1:${port}`]);
  return [...new Set([...corsOrigins, ...own])];
}
