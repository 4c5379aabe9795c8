import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { deadline } from '../lifecycle/deadline.ts';
import { StartupError } from '../lifecycle/startup-error.ts';
import { type DataDir, openDataDir } from './data-dir.ts';
import { type PgliteReport, type PgliteThreadData, STOP } from './pglite-messages.ts';
import type { DatabaseAddress } from './postgres-pool.ts';

/** A running embedded database. */
export type PgliteHost = {
  readonly address: DatabaseAddress;
  /** The same as a DATABASE_URL, for other processes of this user on this machine. */
  readonly url: string;
  /** Calls `listener` when the database breaks down; the process can only end then. */
  onFailure(listener: (error: Error) => void): void;
  /** Writes everything out and ends; the data directory is free afterwards. Takes at most 10 s, never rejects. */
  stop(): Promise<void>;
};

export type PgliteOptions = {
  /** Where the data lives, DATA_DIR; null for a database in memory that ends with the process. */
  readonly dataDir: string | null;
  /** 100 unless told. */
  readonly maxConnections?: number;
  /** After so long without a word within a transaction a client is cut off; 10,000 ms unless told. */
  readonly idleInTransactionMs?: number;
};

/** A first start initialises the database: 3 to 4 s on an idle machine, and more on a busy one. */
const START_MS = 60_000;
const STOP_MS = 10_000;
const PORT = 5432;
/** 108 bytes with the final zero: `sun_path` in unix(7). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Starts PGlite (PostgreSQL as WebAssembly) in a worker thread and serves it on a Unix socket.
 *
 * In a thread, because its work is synchronous: a query, a checkpoint or the recovery after a crash would stop the
 * event loop and with it every socket of the node. On a socket, because then one driver, one dialect and one set of
 * timeouts serve PGlite and PostgreSQL alike, and the processes of a development cluster can share it. A round trip
 * costs about a third of a millisecond this way instead of a fifth.
 *
 * It has one session: transactions of different connections run one after the other, SET is seen by all, and the
 * timeouts of the server do nothing (those of the client do). It writes without fsync: what it has acknowledged
 * survives the death of the process (`kill -9`), not a power cut.
 *
 * Throws a {@link StartupError} when DATA_DIR cannot be used or the database does not start.
 */
export async function startPglite(options: PgliteOptions): Promise<PgliteHost> {
  const { dataDir, maxConnections = 100, idleInTransactionMs = 10_000 } = options;
  const data = dataDir === null ? null : openDataDir(dataDir);
  const socketDir = privateSocketDir();
  const workerData: PgliteThreadData = {
    directory: data === null ? null : join(data.path, 'database'),
    socketPath: join(socketDir, `.s.PGSQL.${PORT}`),
    maxConnections,
    idleInTransactionMs,
  };
  const worker = new Worker(new URL('./pglite-thread.ts', import.meta.url), { workerData, name: 'pglite' });
  const failure = firstFailure(worker);
  const cleanUp = () => release(socketDir, data);
  try {
    await deadline(Promise.race([reported(worker, 'ready'), failure.rejected]), START_MS, 'starting PGlite');
  } catch (cause) {
    await worker.terminate();
    cleanUp();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StartupError(
      `The embedded database in ${data?.path ?? 'memory'} did not start (${reason}): move DATA_DIR away to begin anew, or restore it`,
      { cause },
    );
  }
  return describe(worker, socketDir, failure, cleanUp);
}

function describe(worker: Worker, host: string, failure: Failure, cleanUp: () => void): PgliteHost {
  const address = { host, port: PORT, user: 'postgres', database: 'postgres' };
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    failure.isExpected = true;
    worker.postMessage(STOP);
    await deadline(reported(worker, 'stopped'), STOP_MS, 'stopping PGlite').catch(() => {});
    await worker.terminate();
    cleanUp();
  };
  return {
    address,
    url: `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(host)}&port=${PORT}`,
    onFailure: (listener) => void failure.rejected.catch(listener),
    stop: () => (stopping ??= stop()),
  };
}

type Failure = { readonly rejected: Promise<never>; isExpected: boolean };

function firstFailure(worker: Worker): Failure {
  const { promise, reject } = Promise.withResolvers<never>();
  // Whoever listens hears of it; nobody listening is no unhandled rejection.
  promise.catch(() => {});
  const failure: Failure = { rejected: promise, isExpected: false };
  const fail = (reason: string) => {
    if (!failure.isExpected) reject(new Error(`the embedded database broke down: ${reason}`));
  };
  worker.on('message', (report: PgliteReport) => {
    if (report.kind === 'failed') fail(report.reason);
  });
  worker.on('error', (error) => fail(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => fail(`its thread ended with code ${code}`));
  return failure;
}

async function reported(worker: Worker, kind: PgliteReport['kind']): Promise<void> {
  for (;;) {
    const [report] = (await once(worker, 'message')) as [PgliteReport];
    if (report.kind === kind) return;
  }
}

/** Only its owner may enter it (mode 0700, which mkdtemp gives), so only this user reaches the database. */
function privateSocketDir(): string {
  const parent = tmpdir();
  const longest = join(parent, 'kryton-XXXXXX', `.s.PGSQL.${PORT}`);
  const isShortEnough = Buffer.byteLength(longest) <= MAX_SOCKET_PATH_BYTES;
  return mkdtempSync(join(isShortEnough ? parent : '/tmp', 'kryton-'));
}

function release(socketDir: string, data: DataDir | null): void {
  rmSync(socketDir, { recursive: true, force: true });
  data?.release();
}
