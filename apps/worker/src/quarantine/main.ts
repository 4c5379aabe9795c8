/** `npm run quarantine`: the composition root. */
import { existsSync } from 'node:fs';
import { foldDocument } from '@kryton/engine/compaction/fold.ts';
import { FoldPace } from '@kryton/engine/compaction/fold-pace.ts';
import { createHeavyWork, type HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { PostgresQuarantine } from '@kryton/engine/compaction/postgres-quarantine.ts';
import { loadConfig } from '@kryton/engine/config/load-config.ts';
import { type Stores, storesOf } from '@kryton/engine/config/stores.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { DataDirInUse } from '@kryton/engine/database/data-dir.ts';
import { checkMigrated, migrate } from '@kryton/engine/database/migrate.ts';
import { startPglite } from '@kryton/engine/database/pglite-host.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { exitWith, StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import { EmbeddedUpdateLog } from '@kryton/engine/log/embedded-update-log.ts';
import { connectRedis } from '@kryton/engine/redis/redis-stores.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { parseCommandLine, USAGE, UsageError } from './command-line.ts';
import { explained } from './explained.ts';
import type { QuarantineParts } from './quarantine-parts.ts';
import { runQuarantine } from './run-quarantine.ts';
import { askServed } from './served-quarantine.ts';

const NAME = 'kryton-quarantine';
const CLOSE_MS = 15_000;
/** As much as a worker's thread has: what it can fold can be judged here. */
const HEAVY = { maxThreads: 1, memoryMb: 768 };

type Closing = (() => Promise<unknown>)[];
type Opened = Pick<QuarantineParts, 'quarantine' | 'log' | 'snapshots' | 'askForFold'>;

const print = (line: string) => {
  process.stdout.write(`${line}\n`);
};

/** ioredis and the pool report here what a call that fails for good rejects with. */
const ignoreError = () => {};

async function openCluster(
  { redisUrl: url, databaseUrl }: Extract<Stores, { kind: 'cluster' }>,
  closing: Closing,
): Promise<Opened> {
  await checkRedis(url);
  const { db, close } = await connectDatabase(
    { url: databaseUrl },
    { applicationName: NAME, connections: 2, onIdleError: ignoreError },
  );
  closing.push(close);
  await checkMigrated(db);
  const redis = await connectRedis({ url, name: NAME, onError: ignoreError });
  closing.push(() => redis.close());
  const log = await redis.updateLog();
  closing.push(() => log.close());
  const jobs = await BullMqJobQueue.connect(redis.jobs);
  closing.push(() => jobs.close());
  return {
    quarantine: new PostgresQuarantine(db),
    log,
    snapshots: new PostgresSnapshotStore(db),
    askForFold: (docId) => jobs.scheduleFold(docId, 0),
  };
}

async function openEmbedded(dataDir: string, heavy: HeavyWork, closing: Closing): Promise<Opened> {
  if (!existsSync(dataDir)) {
    throw new StartupError(
      `there is no data in DATA_DIR ${dataDir}: set it to that of npm start, or REDIS_URL and DATABASE_URL of a cluster`,
    );
  }
  const host = await startPglite({ dataDir });
  closing.push(() => host.stop());
  const { db, close } = await connectDatabase(host.address, { applicationName: NAME });
  closing.push(close);
  await migrate(db);
  const log = new EmbeddedUpdateLog(db, () => Date.now());
  closing.push(() => log.close());
  const snapshots = new PostgresSnapshotStore(db);
  const quarantine = new PostgresQuarantine(db);
  const pace = new FoldPace(() => performance.now());
  // Nobody else folds here.
  const askForFold: Opened['askForFold'] = async (docId) => {
    await foldDocument({ log, snapshots, quarantine, folder: heavy, pace }, docId, { isUrgent: true });
  };
  return { quarantine, log, snapshots, askForFold };
}

/** Whoever holds DATA_DIR does it for us. */
async function askHolder(dataDir: string, words: readonly string[], cause: DataDirInUse): Promise<number> {
  const answer = await askServed(dataDir, { words, directory: process.cwd() }, print);
  if (answer === null) {
    throw new StartupError(
      `DATA_DIR ${dataDir} is in use by a process that does not answer: stop it, run this, and start it again`,
      { cause },
    );
  }
  if (answer.message !== null) throw new StartupError(answer.message);
  return answer.code;
}

async function run(words: readonly string[]): Promise<number> {
  const command = parseCommandLine(words);
  if (command.kind === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const isCluster = Boolean(process.env['REDIS_URL']?.trim() || process.env['DATABASE_URL']?.trim());
  const stores = storesOf(loadConfig(process.env, { role: isCluster ? 'worker' : 'embedded' }));
  const closing: Closing = [];
  try {
    const heavy = createHeavyWork(HEAVY);
    closing.push(() => heavy.close());
    const opened =
      stores.kind === 'cluster'
        ? await openCluster(stores, closing)
        : await openEmbedded(stores.dataDir, heavy, closing);
    const directory = process.cwd();
    return await runQuarantine(command, { ...opened, heavy, timers: systemTimers, directory, print });
  } catch (error) {
    if (stores.kind === 'cluster' || !(error instanceof DataDirInUse)) throw error;
    return await askHolder(stores.dataDir, words, error);
  } finally {
    for (const close of closing.toReversed()) await deadline(close(), CLOSE_MS, 'closing').catch(ignoreError);
  }
}

// Whoever reads the output may have seen enough: `npm run quarantine | head`.
process.stdout.on('error', () => process.exit(0));

run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (!(error instanceof UsageError)) return exitWith(explained(error));
    process.stderr.write(`${error.message}`);
    process.exit(2);
  },
);
