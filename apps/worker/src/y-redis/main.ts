/** `npm run import:y-redis`: the composition root. */
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { type Config, loadConfig } from '@kryton/engine/config/load-config.ts';
import { storesOf } from '@kryton/engine/config/stores.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { checkMigrated, migrate } from '@kryton/engine/database/migrate.ts';
import { startPglite } from '@kryton/engine/database/pglite-host.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { exitWith, StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { EmbeddedUpdateLog } from '@kryton/engine/log/embedded-update-log.ts';
import { commandConnection, listeningConnection } from '@kryton/engine/log/redis-connection.ts';
import { connectRedis } from '@kryton/engine/redis/redis-stores.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { type ImportArguments, parseImportArguments, USAGE } from './import-arguments.ts';
import { ImportedDocuments } from './imported-documents.ts';
import type { OurStores } from './our-stores.ts';
import { runImport } from './run-import.ts';
import { YRedisLists } from './y-redis-lists.ts';

const NAME = 'import-y-redis';
const CONNECT_MS = 8_000;
const CLOSE_MS = 15_000;
/** Pages of a list may be large and the way to the old Redis long. */
const PATIENCE = { commandTimeout: 20_000, socketTimeout: 30_000 };
const HEAVY = { maxThreads: 2, memoryMb: 768 };
/** The same trouble is told once in this time. */
const TELL_EVERY_MS = 10_000;

type Closing = (() => unknown)[];

const print = (line: string) => {
  process.stdout.write(`${line}\n`);
};

/** ioredis reports here what it retries anyway, and what a call that fails for good rejects with. */
const ignoreError = () => {};

async function openOurs(config: Config, args: ImportArguments, closing: Closing): Promise<OurStores> {
  const stores = storesOf(config);
  if (stores.kind === 'cluster') {
    const url = stores.redisUrl;
    for (const warning of await checkRedis(url)) print(`warning: ${warning}`);
    const options = {
      applicationName: NAME,
      connections: config.databaseConnections,
      onIdleError: ignoreError,
    };
    const { db, close } = await connectDatabase({ url: stores.databaseUrl }, options);
    closing.push(close);
    await checkMigrated(db);
    const redis = await connectRedis({ url, name: NAME, onError: ignoreError });
    closing.push(() => redis.close());
    const log = await redis.updateLog();
    closing.push(() => log.close());
    const jobs = await BullMqJobQueue.connect(redis.jobs);
    closing.push(() => jobs.close());
    return { log, jobs, db, ...onDatabase(db) };
  }
  if (args.follow) throw new StartupError('--follow needs a cluster: set REDIS_URL and DATABASE_URL');
  print(`REDIS_URL is not set: the documents go to the embedded database in ${stores.dataDir}`);
  const host = await startPglite({ dataDir: stores.dataDir });
  closing.push(() => host.stop());
  const { db, close } = await connectDatabase(host.address, { applicationName: NAME });
  closing.push(close);
  await migrate(db);
  const log = new EmbeddedUpdateLog(db, () => Date.now());
  closing.push(() => log.close());
  return { log, jobs: null, db, ...onDatabase(db) };
}

function onDatabase(db: OurStores['db']): Pick<OurStores, 'snapshots' | 'quarantine' | 'documents'> {
  return {
    snapshots: new PostgresSnapshotStore(db),
    quarantine: new PostgresQuarantine(db),
    documents: new ImportedDocuments(db),
  };
}

async function openTheirs(url: string, closing: Closing): Promise<YRedisLists> {
  const commands = commandConnection(url, NAME, PATIENCE);
  const listening = listeningConnection(url, `${NAME}:live`);
  for (const connection of [commands, listening]) connection.on('error', ignoreError);
  const lists = new YRedisLists(commands, listening);
  closing.push(() => lists.close());
  try {
    await deadline(lists.connect(), CONNECT_MS, 'connecting');
  } catch (cause) {
    const { host } = new URL(url);
    const because = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(`the Redis of y-redis is unreachable at ${host} (${because}): correct --from`, {
      cause,
    });
  }
  return lists;
}

/** Resolves at the first signal; the second one ends the process at once. */
function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    let isLeaving = false;
    const onSignal = (signal: string) => {
      if (isLeaving) process.exit(1);
      isLeaving = true;
      print(`${signal}: carrying over the rest; once more ends at once`);
      resolve();
    };
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  });
}

function tellRarely(): (what: string, error: unknown) => void {
  const toldAt = new Map<string, number>();
  return (what, error) => {
    const now = systemTimers.now();
    if (now - (toldAt.get(what) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) return;
    toldAt.set(what, now);
    print(`${what} failed and is tried again: ${error instanceof Error ? error.message : String(error)}`);
  };
}

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  if (words.includes('--help')) {
    print(USAGE);
    return 0;
  }
  const args = parseImportArguments(words);
  const isCluster = Boolean(process.env['REDIS_URL']?.trim() || process.env['DATABASE_URL']?.trim());
  const config = loadConfig(process.env, { role: isCluster ? 'worker' : 'embedded' });
  const closing: Closing = [];
  // An import that is killed goes on when it is run again; only following has something to carry over first.
  const leave = args.follow ? untilSignalled() : new Promise<void>(() => {});
  // Timers do not keep the process alive, and while both stores are away nothing else does.
  const alive = setInterval(() => {}, 60_000);
  try {
    const lists = await openTheirs(args.from, closing);
    const ours = await openOurs(config, args, closing);
    const heavy = createHeavyWork(HEAVY);
    closing.push(() => heavy.close());
    const parts = { lists, ours, heavy, timers: systemTimers, print, onRetry: tellRarely(), leave };
    return await runImport(args, parts);
  } finally {
    clearInterval(alive);
    for (const close of closing.toReversed()) {
      await deadline(Promise.resolve(close()), CLOSE_MS, 'closing').catch(ignoreError);
    }
  }
}

main().then((code) => process.exit(code), exitWith);
