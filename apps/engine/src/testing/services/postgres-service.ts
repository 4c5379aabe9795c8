import { execFile } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { type Ending, type RunningProcess, startProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { findPostgresProgram } from './installed.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

/** A PostgreSQL server of a test's own, on 127.0.0.1, user `postgres`, no password. */
export type PostgresService = {
  /** The URL of the maintenance database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly process: RunningProcess;
  /** Makes an empty database and resolves with its URL. */
  createDatabase(): Promise<string>;
  /** Ends all connections and the server (SIGINT, "fast"), SIGKILL after 10 s; removes its directory. */
  stop(): Promise<Ending>;
};

// Durability of the test database itself is not under test; these make a suite about three times as fast.
const QUICK = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=200'];

/**
 * Runs initdb in a temporary directory, starts the server, and resolves when it accepts queries. As root both run as
 * the system user `postgres`, because PostgreSQL refuses root.
 */
export async function startPostgres(options: { readonly port?: number } = {}): Promise<PostgresService> {
  const initdb = findPostgresProgram('initdb');
  const command = findPostgresProgram('postgres');
  if (initdb === null || command === null) {
    throw new Error('PostgreSQL is not installed (Debian: apt-get install postgresql)');
  }
  const user = await serverUser();
  const dir = temporaryDirectory('postgres');
  if (user !== undefined) chownSync(dir, user.uid, user.gid);
  const data = join(dir, 'data');
  const account = ['--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(initdb, ['-D', data, ...account], { ...user, cwd: dir, timeout: 60_000 });
  const port = options.port ?? (await freePort());
  const running = await startProcess({
    name: `postgres on port ${port}`,
    command,
    args: ['-D', data, '-p', `${port}`, ...settings()],
    cwd: dir,
    orphanSignal: 'QUIT',
    ...(user === undefined ? {} : { user }),
    ready: () => query(urlOf(port, 'postgres'), 'SELECT 1'),
    readyWithinMs: 30_000,
  });
  return {
    url: urlOf(port, 'postgres'),
    port,
    process: running,
    createDatabase: () => createDatabase(urlOf(port, 'postgres')),
    async stop() {
      const ended = await running.stop({ signal: 'SIGINT' });
      removeTemporaryDirectory(dir);
      return ended;
    },
  };
}

/** Makes an empty database on the server of `serverUrl` and resolves with its URL. */
export async function createDatabase(serverUrl: string): Promise<string> {
  const name = `test_${crypto.randomUUID().replaceAll('-', '')}`;
  await query(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function query(url: string, sql: string): Promise<true> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 2_000,
    query_timeout: 15_000,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(sql);
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}

function settings(): string[] {
  const local = ['listen_addresses=127.0.0.1', 'unix_socket_directories='];
  return [...local, ...QUICK].flatMap((setting) => ['-c', setting]);
}

function urlOf(port: number, database: string): string {
  return `postgresql://postgres@127.0.0.1:${port}/${database}`;
}

async function serverUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ask = async (flag: string) => Number((await run('id', [flag, 'postgres'])).stdout.trim());
  return { uid: await ask('-u'), gid: await ask('-g') };
}
