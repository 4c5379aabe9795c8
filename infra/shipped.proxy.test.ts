import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { freePort } from '@kryton/engine/testing/services/free-port.ts';
import { findExecutable, findOwnProgram } from '@kryton/engine/testing/services/installed.ts';
import { startProxyProgram } from '@kryton/engine/testing/services/proxy-service.ts';
import {
  makeCertificate,
  type SelfSignedCertificate,
} from '@kryton/engine/testing/services/self-signed-certificate.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const run = promisify(execFile);
const LIMIT = { timeout: 60_000 };

/** Also the parts that development and tests replace by their own: names resolve to this machine, paths to here. */
describe('each configuration as it is shipped is accepted by its program', () => {
  const dir = temporaryDirectory('shipped');
  let tls: SelfSignedCertificate;
  beforeAll(async () => {
    tls = await makeCertificate(dir);
  });
  afterAll(() => removeTemporaryDirectory(dir));

  const shipped = (file: string): string =>
    readFileSync(new URL(file, import.meta.url), 'utf8').replaceAll(/\bnode-\d:3001/g, '127.0.0.1:3001');
  const put = (name: string, text: string): string => {
    const file = join(dir, name);
    writeFileSync(file, text);
    return file;
  };
  const program = (path: string | null): string => path ?? expect.fail('the program is installed');

  it('nginx', async () => {
    const text = shipped('nginx/nginx.conf')
      .replace('/etc/nginx/tls/fullchain.pem', tls.certificate)
      .replace('/etc/nginx/tls/privkey.pem', tls.key)
      .replace('/var/log/nginx', dir)
      .replace('/run/nginx.pid', join(dir, 'nginx.pid'));
    const { stderr } = await run(
      program(findExecutable('nginx')),
      ['-t', '-c', put('nginx.conf', text)],
      LIMIT,
    );
    expect(stderr).toContain('test is successful');
  });

  it('HAProxy', async () => {
    const text = shipped('haproxy/haproxy.cfg').replace('/etc/haproxy/tls/fullchain.pem', tls.both);
    const { stdout, stderr } = await run(
      program(findExecutable('haproxy')),
      ['-c', '-W', '-f', put('haproxy.cfg', text)],
      LIMIT,
    );
    expect(stdout + stderr).toContain('Configuration file is valid');
    expect(stdout + stderr).not.toContain('WARNING');
  });

  it('Caddy, formatted as it formats', async () => {
    const caddy = program(findOwnProgram('caddy'));
    const file = put('Caddyfile', shipped('caddy/Caddyfile'));
    const env = { ...process.env, HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
    const { stdout } = await run(caddy, ['validate', '--config', file], { ...LIMIT, env });
    expect(stdout).toContain('Valid configuration');
    expect((await run(caddy, ['fmt', file], LIMIT)).stdout).toBe(readFileSync(file, 'utf8'));
  });

  it('Traefik on the command line of the compose file', async () => {
    const [http, https] = [await freePort(), await freePort()];
    const home = temporaryDirectory('traefik');
    const labels = Object(parse(shipped('traefik/labels.yml')));
    const command = (labels.services.traefik.command as string[])
      // There is no Docker to ask.
      .filter((option) => !option.startsWith('--providers.docker.'))
      .map((option) => option.replace(/=:80$/, `=:${http}`).replace(/=:443$/, `=:${https}`))
      .map((option) => option.replace('/etc/traefik/dynamic', home));
    const traefik = await startProxyProgram({
      name: 'traefik',
      command: program(findOwnProgram('traefik')),
      args: command,
      dir: home,
      port: https,
      reload: () => {},
    });
    // It listens before it has read what to do: 404 until then.
    const isRedirected = async () => {
      const { status } = await fetch(`http://127.0.0.1:${http}/`, { redirect: 'manual' });
      return status === 301 || status === 308;
    };
    await eventually(isRedirected, { what: 'Traefik redirects to https', withinMs: 20_000 });
    expect(traefik.process.output()).not.toContain('ERR');
    await traefik.stop();
  });
});
