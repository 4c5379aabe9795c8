import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findExecutable } from './installed.ts';
import { type ProxyService, startProxyProgram } from './proxy-service.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type HaproxyOptions = {
  /** A whole configuration; `dir` is where its sockets may lie. */
  readonly config: (dir: string) => string;
  /** The port on 127.0.0.1 that the configuration listens on; ready means that it accepts. */
  readonly port: number;
};

/** Starts HAProxy as master and worker in the foreground; a reload is SIGUSR2 to the master. */
export async function startHaproxy({ config, port }: HaproxyOptions): Promise<ProxyService> {
  const command = findExecutable('haproxy');
  if (command === null) throw new Error('HAProxy is not installed (Debian: apt-get install haproxy)');
  const dir = temporaryDirectory('haproxy');
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, config(dir));
  return await startProxyProgram({
    name: 'haproxy',
    command,
    args: ['-W', '-f', file],
    dir,
    port,
    reload: (running) => running.kill('SIGUSR2'),
  });
}
