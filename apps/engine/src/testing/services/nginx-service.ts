import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findExecutable } from './installed.ts';
import { type ProxyService, startProxyProgram } from './proxy-service.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export type NginxOptions = {
  /** A whole configuration, or the path of one. */
  readonly config: { readonly text: string } | { readonly file: string };
  /** The port on 127.0.0.1 that the configuration listens on; ready means that it accepts. */
  readonly port: number;
};

/** An nginx of a test's own. */
export type NginxService = ProxyService & {
  readonly url: string;
  /** SIGHUP: reads the configuration again; for a configuration given as text, `text` replaces it first. */
  reload(text?: string): Promise<void>;
};

/** Starts nginx in the foreground, its pid file in a temporary directory, its log on stderr. */
export async function startNginx(options: NginxOptions): Promise<NginxService> {
  const command = findExecutable('nginx');
  if (command === null) throw new Error('nginx is not installed (Debian: apt-get install nginx-light)');
  const dir = temporaryDirectory('nginx');
  const file = 'file' in options.config ? options.config.file : join(dir, 'nginx.conf');
  if ('text' in options.config) writeFileSync(file, options.config.text);
  const global = `daemon off; pid ${join(dir, 'nginx.pid')};`;
  const service = await startProxyProgram({
    name: 'nginx',
    command,
    args: ['-p', dir, '-e', 'stderr', '-c', file, '-g', global],
    dir,
    port: options.port,
    reload: (running) => running.kill('SIGHUP'),
  });
  return {
    ...service,
    url: `http://127.0.0.1:${options.port}`,
    async reload(text?: string) {
      if (text !== undefined) writeFileSync(file, text);
      await service.reload();
    },
  };
}
