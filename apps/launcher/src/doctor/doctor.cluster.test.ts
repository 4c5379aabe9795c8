import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { type NginxService, startNginx } from '@kryton/engine/testing/services/nginx-service.ts';
import { type PostgresService, startPostgres } from '@kryton/engine/testing/services/postgres-service.ts';
import { type RedisService, startRedis } from '@kryton/engine/testing/services/redis-service.ts';
import { temporaryDirectory } from '@kryton/engine/testing/services/temporary-directory.ts';
import { Browser } from '@kryton/server/testing/browser-cookies.ts';
import { ACCOUNT_ENV } from '@kryton/server/testing/sign-up.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { agentOf } from '../testing/guarded-cluster.ts';
import { lastingMs } from '../testing/lasting.ts';
import { examine } from './doctor.ts';
import type { Finding } from './finding.ts';

const run = promisify(execFile);
const fileOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
/** With `FAULTS_FULL=1` the minute that many proxies give a silent connection, and the default of the doctor. */
const PLANTED_IDLE_S = lastingMs(60_000, 4_000) / 1_000;
const IDLE_S = lastingMs(70_000, 6_000) / 1_000;

/** As the proxies of infra/ have it. */
const RIGHT = {
  upgrade: 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;',
  forwarded:
    'proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme;',
  idle: 'proxy_read_timeout 3600s; proxy_send_timeout 3600s;',
  body: 'client_max_body_size 50m;',
  more: '',
};

describe('npm run doctor', () => {
  const dir = temporaryDirectory('doctor');
  const [certificate, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  let redis: RedisService;
  let postgres: PostgresService;
  let node: RunningProcess;
  let stranger: RunningProcess;
  let ports: { readonly front: number; readonly node: number; readonly stranger: number };
  let url: URL;
  let token: string;
  let proxy: NginxService | null = null;

  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
    [redis, postgres] = await Promise.all([
      startRedis({ aof: true }),
      startPostgres(),
      run('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', certificate]),
    ]);
    const database = await connectDatabase({ url: postgres.url }, { applicationName: 'test' });
    await migrate(database.db);
    await database.close();
    ports = { front: await freePort(), node: await freePort(), stranger: await freePort() };
    url = new URL(`https://localhost:${ports.front}`);
    [node, stranger] = await Promise.all([
      startNode(ports.node, { APP_URL: url.origin }),
      startNode(ports.stranger, { APP_URL: 'https://docs.example.com' }),
    ]);
    const browser = new Browser(`http://127.0.0.1:${ports.node}`, url.origin, '198.51.100.1');
    const person = { name: 'Operator', email: 'operator@example.com', password: crypto.randomUUID() };
    expect((await browser.post('/api/auth/sign-up/email', person)).status).toBe(200);
    ({ token } = await agentOf({ browser, id: '', email: '', userId: '' }, ['read']));
  }, 300_000);
  afterEach(async () => {
    await proxy?.stop();
    proxy = null;
  });
  afterAll(async () => {
    await Promise.all([node.stop(), stranger.stop()]);
    await Promise.all([redis.stop(), postgres.stop()]);
  });

  const startNode = (port: number, env: Record<string, string>) =>
    startProcess({
      name: `node on ${port}`,
      command: process.execPath,
      args: [fileOf('../../../server/src/main.ts')],
      env: {
        ...ACCOUNT_ENV,
        ...stores(),
        HOST: '127.0.0.1',
        PORT: `${port}`,
        METRICS_PORT: '0',
        DRAIN_SECONDS: '0',
        NODE_ENV: 'production',
        ...env,
      },
      ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok,
      readyWithinMs: 90_000,
    });
  const stores = () => ({ REDIS_URL: redis.url, DATABASE_URL: postgres.url });

  async function front(planted: Partial<typeof RIGHT> = {}, to = ports.node): Promise<void> {
    const { upgrade, forwarded, idle, body, more } = { ...RIGHT, ...planted };
    const text = `events {}
      http {
        access_log off;
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        server {
          listen 127.0.0.1:${ports.front} ssl;
          ssl_certificate ${certificate}; ssl_certificate_key ${key};
          proxy_http_version 1.1;
          proxy_set_header Host $host;
          ${upgrade} ${forwarded} ${idle} ${body} ${more}
          location / { proxy_pass http://127.0.0.1:${to}; }
        }
      }`;
    proxy = await startNginx({ config: { text }, port: ports.front });
  }

  type Asked = { readonly env?: Record<string, string>; readonly token?: string; readonly idleS?: number };
  const ask = async ({ env = {}, token: shown, idleS = 1 }: Asked = {}) => {
    const deployment = { url, ca: readFileSync(certificate, 'utf8') };
    return await examine({ deployment, token: shown ?? null, idleMs: idleS * 1_000 }, env, () => {});
  };
  const wrong = (findings: readonly Finding[]) =>
    findings.flatMap(({ check, verdict, fix }) => (verdict === 'wrong' ? [`${check} -> ${fix}`] : []));

  it('finds nothing wrong with a deployment that is right, and says so as a command, with exit code 0', async () => {
    await front();
    const child = spawn(
      process.execPath,
      [fileOf('../main.ts'), 'doctor', url.href, '--ca', certificate, '--idle', `${IDLE_S}`],
      {
        env: {
          PATH: process.env['PATH'],
          ...stores(),
          DOCTOR_TOKEN: token,
          BETTER_AUTH_SECRET: ACCOUNT_ENV.BETTER_AUTH_SECRET,
          APP_URL: url.origin,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
    }
    const [code] = await once(child, 'close');
    expect(said).toMatch(/\n18 ok, 0 wrong, 0 not looked at\n$/);
    expect(said).toContain(`leaves a silent connection alone for ${IDLE_S} s`);
    expect(said).not.toContain(token);
    expect(code).toBe(0);
  });

  it('needs no token for anything but silent connections', async () => {
    await front();
    const findings = await ask();
    expect(wrong(findings)).toEqual([]);
    const unseen = findings.filter(({ verdict }) => verdict === 'unknown').map(({ check }) => check);
    expect(unseen).toEqual(['environment', 'Redis', 'PostgreSQL', 'idle']);
  });

  it('finds a proxy that cuts silent connections, on both ways', async () => {
    await front({ idle: `proxy_read_timeout ${PLANTED_IDLE_S}s;` });
    const found = wrong(await ask({ token, idleS: IDLE_S }));
    expect(found).toEqual(
      Array.from({ length: 2 }, () => expect.stringMatching(/^idle -> .*an hour or more/)),
    );
  });

  it('finds a proxy without the upgrade headers, one that can be lied to, and one that refuses imports', async () => {
    await front({
      upgrade: '',
      forwarded: 'proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;',
      body: '',
    });
    expect(wrong(await ask())).toEqual([
      expect.stringMatching(/^forwarding -> .*X-Forwarded-Proto/),
      expect.stringMatching(/^forwarding -> .*overwrite/),
      expect.stringMatching(/^forwarding -> .*X-Forwarded-For/),
      expect.stringMatching(/^upgrade -> .*Upgrade and Connection/),
      expect.stringMatching(/^upgrade -> .*Upgrade and Connection/),
      expect.stringMatching(/^imports -> .*50m/),
    ]);
  });

  it('finds nodes that believe to be somebody else, and headers that the proxy takes away', async () => {
    await front({ more: 'proxy_hide_header Strict-Transport-Security;' }, ports.stranger);
    expect(wrong(await ask())).toEqual([
      expect.stringMatching(/^headers -> /),
      `APP_URL -> set APP_URL=${url.origin}`,
      expect.stringContaining(`CORS_ORIGINS=${url.origin}`),
      'passkeys -> set WEBAUTHN_RP_ID=localhost',
    ]);
  });

  it('finds a Redis without AOF, one that evicts, a database without its schema, a short secret', async () => {
    const [forgetful, evicting] = await Promise.all([
      startRedis({ aof: false }),
      startRedis({ aof: true, args: ['--maxmemory-policy', 'allkeys-lru'] }),
    ]);
    const DATABASE_URL = await postgres.createDatabase();
    const env = { DATABASE_URL, BETTER_AUTH_SECRET: 'short', APP_URL: 'https://old.example.com' };
    const nowhere = {
      deployment: { url: new URL(`https://localhost:${ports.front}`) },
      token: null,
      idleMs: 1,
    };
    const judge = async (more: Record<string, string>) => wrong(await examine(nowhere, more, () => {}));
    const first = await judge({ ...env, REDIS_URL: forgetful.url });
    expect(first).toEqual([
      expect.stringMatching(/^TLS -> /),
      'environment -> correct it on every node',
      'Redis -> set appendonly yes',
      'PostgreSQL -> run npm run migrate',
    ]);
    const guessable = { BETTER_AUTH_SECRET: 'secret'.repeat(6), APP_URL: 'https://old.example.com' };
    expect(await judge({ ...guessable, REDIS_URL: evicting.url })).toEqual([
      expect.stringMatching(/^TLS -> /),
      `environment -> set APP_URL=${url.origin}`,
      `environment -> set BETTER_AUTH_URL=${url.origin}`,
      `environment -> set CORS_ORIGINS=${url.origin}`,
      'environment -> set WEBAUTHN_RP_ID=localhost',
      'environment -> make one with openssl rand -base64 32',
      'Redis -> set it to noeviction',
    ]);
    await Promise.all([forgetful.stop(), evicting.stop()]);
  });

  it('finds a certificate that browsers do not take', async () => {
    await front();
    const deployment = { url };
    const findings = await examine({ deployment, token: null, idleMs: 1 }, {}, () => {});
    expect(wrong(findings)).toEqual([expect.stringMatching(/^TLS -> .*whole chain/)]);
    expect(findings[0]?.found).toMatch(/self-signed/);
  });
});
