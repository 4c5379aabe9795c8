import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { findOwnProgram } from './installed.ts';
import { type ProxyService, startProxyProgram } from './proxy-service.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);
const RELOAD_MS = 20_000;

export type CaddyOptions = {
  /** A whole Caddyfile; `admin` is the address of the API that reloads go to. */
  readonly config: (admin: string) => string;
  /** The port on 127.0.0.1 that the configuration listens on; ready means that it accepts. */
  readonly port: number;
};

/** Starts Caddy in the foreground, with all it stores in a temporary directory; a reload is `caddy reload --force`. */
export async function startCaddy({ config, port }: CaddyOptions): Promise<ProxyService> {
  const command = findOwnProgram('caddy');
  if (command === null) throw new Error('Caddy 2.11 is not installed: `npm test` says how');
  const dir = temporaryDirectory('caddy');
  const admin = `127.0.0.1:${await freePort()}`;
  const file = join(dir, 'Caddyfile');
  writeFileSync(file, config(admin));
  const env = { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir };
  return await startProxyProgram({
    name: 'caddy',
    command,
    args: ['run', '--config', file],
    env,
    dir,
    port,
    async reload() {
      const args = ['reload', '--force', '--config', file, '--address', admin];
      await run(command, args, { env: { ...process.env, ...env }, timeout: RELOAD_MS });
    },
  });
}
