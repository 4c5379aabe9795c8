/** `npm run backup` and `npm run restore`: the composition root. */
import { createHeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { loadConfig } from '@kryton/engine/config/load-config.ts';
import { storesOf } from '@kryton/engine/config/stores.ts';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { checkMigrated } from '@kryton/engine/database/migrate.ts';
import { BullMqJobQueue } from '@kryton/engine/jobs/bullmq-job-queue.ts';
import { checkRedis } from '@kryton/engine/jobs/check-redis.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { exitWith, StartupError } from '@kryton/engine/lifecycle/startup-error.ts';
import { RedisUpdateLog } from '@kryton/engine/log/redis-update-log.ts';
import { LogUnavailable, type UpdateLog } from '@kryton/engine/log/update-log.ts';
import { PostgresSnapshotStore } from '@kryton/engine/snapshots/postgres-snapshot-store.ts';
import { SnapshotsUnavailable } from '@kryton/engine/snapshots/snapshot-store.ts';
import { type BackupArguments, parseBackupArguments, USAGE } from './backup-arguments.ts';
import { BadBackup, type Manifest } from './backup-format.ts';
import { verifyBackup } from './read-backup.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

const NAME = 'kryton-backup';
const CLOSE_MS = 15_000;
/** As much as a worker's thread has: what it can fold can be backed up. */
const HEAVY = { maxThreads: 1, memoryMb: 768 };

type Closing = (() => Promise<unknown>)[];

const print = (line: string) => {
  process.stdout.write(`${line}\n`);
};

/** ioredis and the pool report here what a call that fails for good rejects with. */
const ignoreError = () => {};

async function openStores(closing: Closing) {
  const stores = storesOf(loadConfig(process.env, { role: 'worker' }));
  if (stores.kind !== 'cluster')
    throw new StartupError(
      'REDIS_URL and DATABASE_URL are not set: of embedded mode, stop it and copy DATA_DIR as a whole',
    );
  const { redisUrl: url, databaseUrl } = stores;
  for (const warning of await checkRedis(url)) print(`warning: ${warning}`);
  const options = { applicationName: NAME, connections: 2, onIdleError: ignoreError };
  const { db, close } = await connectDatabase({ url: databaseUrl }, options);
  closing.push(close);
  await checkMigrated(db);
  const log: UpdateLog = await RedisUpdateLog.connect({ url, name: NAME, onError: ignoreError });
  closing.push(() => log.close());
  return { url, db, log, snapshots: new PostgresSnapshotStore(db), print };
}

async function perform(args: BackupArguments, closing: Closing): Promise<number> {
  switch (args.kind) {
    case 'help':
      process.stdout.write(USAGE);
      return 0;
    case 'verify':
      print(`the backup is whole: ${sizeOf(await verifyBackup(args.from))}`);
      return 0;
    case 'backup': {
      const stores = await openStores(closing);
      const folder = createHeavyWork(HEAVY);
      closing.push(() => folder.close());
      const manifest = await writeBackup({ ...stores, folder }, args.to);
      print(`backed up to ${args.to}: ${sizeOf(manifest)}`);
      return manifest.partial === 0 ? 0 : 1;
    }
    case 'restore': {
      const stores = await openStores(closing);
      const jobs = await BullMqJobQueue.connect({ url: stores.url, name: NAME, onError: ignoreError });
      closing.push(() => jobs.close());
      const manifest = await restoreBackup({ ...stores, jobs }, args.from, args);
      print(`restored: ${sizeOf(manifest)}`);
      return 0;
    }
  }
}

function sizeOf({ documents, partial, stateBytes, startedAt }: Manifest): string {
  const older = partial === 0 ? '' : `, ${partial} of them as of their last snapshot`;
  return `${documents} documents, ${stateBytes} bytes, as of ${startedAt}${older}`;
}

/** What an operator can do something about, in one sentence; anything else keeps its stack. */
function explained(error: unknown): unknown {
  if (error instanceof BadBackup) return new StartupError(error.message, { cause: error });
  if (!(error instanceof LogUnavailable || error instanceof SnapshotsUnavailable)) return error;
  return new StartupError(`${error.message}: try again when it answers`, { cause: error });
}

async function run(words: readonly string[]): Promise<number> {
  const closing: Closing = [];
  try {
    return await perform(parseBackupArguments(words, process.cwd()), closing);
  } finally {
    for (const close of closing.toReversed()) await deadline(close(), CLOSE_MS, 'closing').catch(ignoreError);
  }
}

run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => exitWith(explained(error)),
);
