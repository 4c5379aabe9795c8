import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { ACCOUNT_ENV } from '@kryton/server/testing/sign-up.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded } from './testing/commands.ts';

const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const LAUNCHER = fileOf('./main.ts');
const NODE = fileOf('../../server/src/main.ts');
const WORKER = fileOf('../../worker/src/main.ts');
const ENDS_WITHIN_MS = 60_000;

type Ended = { readonly code: number | null; readonly said: string };

/** Runs a command that is expected to give up, with nothing of this process's environment but the PATH. */
async function run(main: string, args: string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], METRICS_PORT: '0', ...ACCOUNT_ENV, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text.toString();
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(timer);
  return { code, said: said.trim() };
}

describe('start-up errors are one clear sentence, with exit code 1', () => {
  let redis: RedisService;
  let postgres: PostgresService;
  let taken: Server;
  let takenPort: number;
  beforeAll(async () => {
    [redis, postgres] = await Promise.all([startRedis({ aof: true }), startPostgres()]);
    taken = createServer();
    takenPort = await freePort();
    taken.listen(takenPort, '0.0.0.0');
    await once(taken, 'listening');
  });
  afterAll(async () => {
    taken.close();
    await Promise.all([redis.stop(), postgres.stop()]);
  });

  const expectSentence = ({ code, said }: Ended, ...words: (string | RegExp)[]) => {
    expect(code).toBe(1);
    for (const word of words) expect(said).toMatch(word);
    expect(said).not.toMatch(/\n\s+at /);
  };
  const database = async () => {
    const url = await postgres.createDatabase();
    expect(
      (await run(fileOf('../../engine/src/database/migrate-main.ts'), [], { DATABASE_URL: url })).code,
    ).toBe(0);
    return url;
  };

  it('the port is taken', async () => {
    const env = { PORT: String(takenPort), DATA_DIR: temporaryDirectory('errors') };
    expectSentence(await run(LAUNCHER, ['start'], env), String(takenPort), 'taken', 'PORT');
    const cluster = await run(LAUNCHER, ['cluster', '--port', String(takenPort)], {
      DATA_DIR: temporaryDirectory('errors'),
    });
    expectSentence(cluster, String(takenPort), 'taken', '--port');
  });

  it('the metrics port is taken', async () => {
    const env = {
      PORT: String(await freePort()),
      METRICS_PORT: String(takenPort),
      DATA_DIR: temporaryDirectory('errors'),
    };
    expectSentence(await run(LAUNCHER, ['start'], env), String(takenPort), 'METRICS_PORT');
  });

  it('DATA_DIR is no directory that can be written', async () => {
    const file = join(temporaryDirectory('errors'), 'a-file');
    writeFileSync(file, 'in the way');
    expectSentence(
      await run(LAUNCHER, ['start'], { DATA_DIR: file, PORT: String(await freePort()) }),
      'DATA_DIR',
      'a-file',
    );
  });

  it('DATA_DIR is in use by another process', async () => {
    const running = await startEmbedded();
    const env = { DATA_DIR: running.dataDir, PORT: String(await freePort()) };
    expectSentence(await run(LAUNCHER, ['start'], env), 'DATA_DIR', /in use/);
    await running.stop();
  });

  it('every bad variable is named, all at once', async () => {
    const env = { PORT: 'many', CORS_ORIGINS: '*', LOG_LEVEL: 'loud', REDIS_URL: 'redis://localhost:6379' };
    for (const main of [NODE, WORKER]) {
      expectSentence(await run(main, [], env), 'LOG_LEVEL', 'DATABASE_URL');
    }
    expectSentence(await run(LAUNCHER, ['start'], env), 'PORT', /CORS_ORIGINS/, 'LOG_LEVEL', 'loud');
  });

  it('production without https, a node without the secret that signs sessions', async () => {
    const env = { NODE_ENV: 'production', APP_URL: 'http://docs.example.com' };
    expectSentence(await run(LAUNCHER, ['start'], env), 'APP_URL', 'https');
    const stores = { REDIS_URL: redis.url, DATABASE_URL: 'postgresql://localhost/x', BETTER_AUTH_SECRET: '' };
    expectSentence(await run(NODE, [], stores), 'BETTER_AUTH_SECRET', 'openssl');
  });

  it('Redis is unreachable', async () => {
    const env = { REDIS_URL: `redis://127.0.0.1:${await freePort()}`, DATABASE_URL: await database() };
    for (const main of [NODE, WORKER])
      expectSentence(await run(main, [], env), 'Redis is unreachable', '127.0.0.1', 'REDIS_URL');
  });

  it('Redis may evict keys', async () => {
    const evicting = await startRedis({ aof: true, args: ['--maxmemory-policy', 'allkeys-lru'] });
    const env = { REDIS_URL: evicting.url, DATABASE_URL: await database() };
    expectSentence(await run(NODE, [], env), 'allkeys-lru', 'noeviction');
    await evicting.stop();
  });

  it('Redis without AOF is a warning that names the risk, and the node runs', async () => {
    const forgetful = await startRedis({ aof: false });
    const port = await freePort();
    const child = spawn(process.execPath, [NODE], {
      env: {
        PATH: process.env['PATH'],
        METRICS_PORT: '0',
        DRAIN_SECONDS: '0',
        ...ACCOUNT_ENV,
        PORT: String(port),
        REDIS_URL: forgetful.url,
        DATABASE_URL: await database(),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (text: Buffer) => {
      said += text.toString();
    });
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok, {
      what: 'the node is ready',
      withinMs: 20_000,
    });
    expect(said).toMatch(/AOF|append-only|appendonly/);
    child.kill('SIGTERM');
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(0);
    await forgetful.stop();
  });

  it('PostgreSQL is unreachable, or not migrated', async () => {
    const unreachable = `postgresql://user:secret@127.0.0.1:${await freePort()}/kryton`;
    for (const main of [NODE, WORKER]) {
      const ended = await run(main, [], { REDIS_URL: redis.url, DATABASE_URL: unreachable });
      expectSentence(ended, 'PostgreSQL is unreachable', 'DATABASE_URL');
      expect(ended.said).not.toContain('secret');
      const empty = { REDIS_URL: redis.url, DATABASE_URL: await postgres.createDatabase() };
      expectSentence(await run(main, [], empty), 'not migrated', 'npm run migrate');
    }
  });

  it('a command or option that does not exist', async () => {
    expectSentence(await run(LAUNCHER, ['dance'], {}), 'dance', 'usage');
    expectSentence(await run(LAUNCHER, ['cluster', '--nodes', 'three'], {}), '--nodes', 'three');
    expectSentence(await run(LAUNCHER, ['cluster', '--speed', '9'], {}), '--speed', 'usage');
  });
});
