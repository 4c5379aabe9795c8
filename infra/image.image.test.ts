import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import {
  type Ending,
  type RunningProcess,
  startProcess,
} from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { ACCOUNT_ENV, signUp } from '@kryton/server/testing/sign-up.ts';
import { stockClient } from '@kryton/server/testing/stock-client.ts';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assembleImage, type Image } from './testing/assemble-image.ts';
import { environmentOf, execForm, lastOf } from './testing/dockerfile.ts';
import { inSandbox, runInSandbox } from './testing/sandbox.ts';

const TOP = fileURLToPath(new URL('..', import.meta.url));
const BUILD_MS = 8 * 60_000;
const COMMAND_MS = 120_000;
const WORKER = ['node', 'apps/worker/src/main.ts'];
const MIGRATE = ['node', 'apps/engine/src/database/migrate-main.ts'];
const HEALTH = ['node', 'apps/engine/src/lifecycle/health-main.ts'];

/** No container engine: the Dockerfile is followed by `assembleImage`, and what it made is run as a container would. */
describe('the image', () => {
  const work = temporaryDirectory('image');
  let image: Image;
  let redis: RedisService;
  let postgres: PostgresService;
  let stores: Record<string, string>;
  const running: RunningProcess[] = [];

  beforeAll(async () => {
    [image, redis, postgres] = await Promise.all([
      assembleImage(TOP, 'infra/Dockerfile', work),
      startRedis({ aof: true }),
      startPostgres(),
    ]);
    stores = { REDIS_URL: redis.url, DATABASE_URL: postgres.url };
  }, BUILD_MS);
  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop({ signal: 'SIGKILL' })));
    await Promise.all([redis.stop(), postgres.stop()]);
    removeTemporaryDirectory(work);
  });

  /** As the image says who it runs as and where, on a root that nobody can write. */
  const asContainer = (command: readonly string[], env: Record<string, string>) => {
    const [uid = Number.NaN, gid = Number.NaN] = (lastOf(image.stage, 'USER') ?? '').split(':').map(Number);
    return {
      root: image.root,
      command,
      cwd: lastOf(image.stage, 'WORKDIR') ?? '/',
      env: { ...environmentOf(image.stage), ...env },
      user: { uid, gid },
    };
  };
  const run = (command: readonly string[], env: Record<string, string> = {}) =>
    runInSandbox(asContainer(command, env), COMMAND_MS);
  const start = async (
    name: string,
    command: readonly string[],
    env: Record<string, string>,
    health: string,
  ) => {
    const started = await startProcess({
      name,
      ...inSandbox(asContainer(command, env)),
      ready: async () => run([...HEALTH, health], env),
      readyWithinMs: 120_000,
    });
    running.push(started);
    return started;
  };

  it('holds what the servers need and nothing of tests, tools and secrets, all of it read-only for its user', () => {
    const app = join(image.root, 'app');
    const files = readdirSync(app, { recursive: true, encoding: 'utf8' });
    const ours = files.filter((file) => !file.startsWith('node_modules'));
    expect(ours).toContain('apps/web/dist/index.html');
    expect(
      ours.filter((file) => /\.(test|contract)\.ts$|\/testing\/|\.env|\.md$|results/.test(file)),
    ).toEqual([]);
    const tools = [
      'vitest',
      'vite',
      'typescript',
      '@biomejs',
      'playwright-core',
      'node',
      'kubernetes-models',
      'y-redis',
    ];
    expect(tools.filter((name) => files.includes(join('node_modules', name)))).toEqual([]);
    const loose = files.filter((file) => {
      const { uid, mode } = statSync(join(app, file));
      return uid !== 0 || (mode & 0o022) !== 0;
    });
    expect(loose).toEqual([]);
  });

  it('has the doctor, and says how it is called', async () => {
    expect(await run(['node', 'apps/launcher/src/main.ts', 'doctor', '--help'])).toContain('--idle SECONDS');
  });

  it('runs as nobody special on a root that cannot be written', async () => {
    const said = await run([
      'sh',
      '-c',
      'id -u; touch /app/here /etc/here 2>&1; touch /tmp/here && echo written',
    ]);
    expect(said).toMatch(/^1000\n/);
    expect(said.match(/Read-only file system/g)).toHaveLength(2);
    expect(said).toMatch(/written\n$/);
    expect(await run(['sh', '-c', 'grep -E "CapEff|NoNewPrivs" /proc/self/status'])).toMatch(
      /0{16}\nNoNewPrivs:\t1/,
    );
  });

  it('migrates; a node and a worker of it serve the page, keep an edit and leave on SIGTERM', async () => {
    expect(await run(MIGRATE, stores)).toContain('The schema is up to date now');
    const [port, nodeMetrics, workerMetrics] = [await freePort(), await freePort(), await freePort()];
    const common = { ...stores, ...ACCOUNT_ENV, HOST: '127.0.0.1', DRAIN_SECONDS: '0', FOLD_DELAY_MS: '50' };
    const [node, worker] = await Promise.all([
      start(
        'node',
        execForm(image.stage, 'CMD'),
        { ...common, PORT: `${port}`, METRICS_PORT: `${nodeMetrics}` },
        'ready',
      ),
      start('worker', WORKER, { ...common, METRICS_PORT: `${workerMetrics}` }, 'metrics'),
    ]);
    const check = execForm(image.stage, 'HEALTHCHECK');
    await run(check, { ...common, PORT: `${port}` });
    await expect(run(check, { ...common, PORT: `${await freePort()}` })).rejects.toThrow('nothing answers');
    const page = await fetch(`http://127.0.0.1:${port}/`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<script')]);

    const base = `ws://127.0.0.1:${port}`;
    const client = stockClient(base, 'in-a-container', { as: await signUp(base) });
    await client.synced(30_000);
    client.text.insert(0, 'written in a container');
    // Folded: the worker has seen it too, and its threads and scripts are there.
    const database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
    await eventually(
      async () => {
        const { rows } = await sql<{ state: Buffer }>`SELECT state FROM document_snapshots`.execute(
          database.db,
        );
        return rows.some(({ state }) => state.includes('written in a container'));
      },
      { what: 'the edit is in a snapshot', withinMs: 30_000 },
    );
    client.close();
    await database.close();
    expect(await terminate(node)).toEqual({ code: 0, signal: null });
    expect(await terminate(worker)).toEqual({ code: 0, signal: null });
  }, 300_000);
});

/** SIGTERM to what runs as process 1 inside, as an engine sends it: without a handler of its own it is ignored there. */
async function terminate(outer: RunningProcess): Promise<Ending> {
  const [first] = readFileSync(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8').split(' ');
  process.kill(Number(first), 'SIGTERM');
  const late = setTimeout(() => outer.kill('SIGKILL'), 60_000);
  const ended = await outer.exited;
  clearTimeout(late);
  return ended;
}
