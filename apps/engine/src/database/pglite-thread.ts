import { chmodSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { type PgliteReport, type PgliteThreadData, STOP } from './pglite-messages.ts';

/** The thread that `pglite-host.ts` starts: PGlite, served on a Unix socket as a PostgreSQL. */
const { directory, socketPath, maxConnections } = workerData as PgliteThreadData;

function report(message: PgliteReport): void {
  parentPort?.postMessage(message);
}

function fail(error: unknown): void {
  report({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) });
}

async function serve(): Promise<void> {
  const database = await PGlite.create(directory ?? 'memory://');
  reportBreakdown(database);
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections });
  await server.start();
  // The directory is closed to others already; on systems that ignore that for sockets, this is the second door.
  chmodSync(socketPath, 0o600);
  parentPort?.on('message', (message: unknown) => {
    if (message !== STOP) return;
    stop(server, database).then(() => report({ kind: 'stopped' }), fail);
  });
  report({ kind: 'ready' });
}

/**
 * An SQL error is an answer, not an exception. What this call throws is the end of the WASM instance, and the socket
 * server then answers nobody again: better that the process ends and is started anew.
 */
function reportBreakdown(database: PGlite): void {
  const run = database.execProtocolRawStream.bind(database);
  database.execProtocolRawStream = async (...request) => {
    try {
      return await run(...request);
    } catch (error) {
      fail(error);
      throw error;
    }
  };
}

async function stop(server: PGLiteSocketServer, database: PGlite): Promise<void> {
  await server.stop();
  await database.close();
}

serve().catch(fail);
