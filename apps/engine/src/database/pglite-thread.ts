import { chmodSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { type PgliteReport, type PgliteThreadData, STOP } from './pglite-messages.ts';
import { PgliteServer } from './pglite-server.ts';

/** The thread that `pglite-host.ts` starts: PGlite, served on a Unix socket as a PostgreSQL. */
const { directory, socketPath, maxConnections, idleInTransactionMs } = workerData as PgliteThreadData;

function report(message: PgliteReport): void {
  parentPort?.postMessage(message);
}

function fail(error: unknown): void {
  report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

async function serve(): Promise<void> {
  const database = await PGlite.create(directory ?? 'memory://');
  const server = new PgliteServer({ database, maxConnections, idleInTransactionMs, onBreakdown: fail });
  await server.listen(socketPath);
  // The directory is closed to others already; on systems that ignore that for sockets, this is the second door.
  chmodSync(socketPath, 0o600);
  parentPort?.on('message', (message: unknown) => {
    if (message !== STOP) return;
    stop(server, database).then(() => report({ kind: 'stopped' }), fail);
  });
  report({ kind: 'ready' });
}

async function stop(server: PgliteServer, database: PGlite): Promise<void> {
  await server.stop();
  await database.close();
}

serve().catch(fail);
