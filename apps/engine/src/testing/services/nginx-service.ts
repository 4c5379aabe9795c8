import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Ending, type RunningProcess, startProcess } from './child-process.ts';
import { findExecutable } from './installed.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

export type NginxOptions = {
  /** A whole configuration, or the path of one. */
  readonly config: { readonly text: string } | { readonly file: string };
  /** The port on 127.0.0.1 that the configuration listens on; ready means that it accepts. */
  readonly port: number;
};

/** An nginx of a test's own. */
export type NginxService = {
  readonly url: string;
  readonly process: RunningProcess;
  /** SIGHUP: reads the configuration again; for a configuration given as text, `text` replaces it first. */
  reload(text?: string): void;
  /** SIGTERM ("fast"), SIGKILL after 10 s; removes its directory. */
  stop(): Promise<Ending>;
};

/** Starts nginx in the foreground, its pid file in a temporary directory, its log on stderr. */
export async function startNginx(options: NginxOptions): Promise<NginxService> {
  const command = findExecutable('nginx');
  if (command === null) throw new Error('nginx is not installed (Debian: apt-get install nginx-light)');
  const dir = temporaryDirectory('nginx');
  const file = 'file' in options.config ? options.config.file : join(dir, 'nginx.conf');
  if ('text' in options.config) writeFileSync(file, options.config.text);
  const global = `daemon off; pid ${join(dir, 'nginx.pid')};`;
  const running = await startProcess({
    name: `nginx on port ${options.port}`,
    command,
    args: ['-p', dir, '-e', 'stderr', '-c', file, '-g', global],
    orphanSignal: 'TERM',
    ready: () => accepts(options.port),
  }).catch((error: unknown) => {
    removeTemporaryDirectory(dir);
    throw error;
  });
  return {
    url: `http://127.0.0.1:${options.port}`,
    process: running,
    reload(text) {
      if (text !== undefined) writeFileSync(file, text);
      running.kill('SIGHUP');
    },
    async stop() {
      const ended = await running.stop();
      removeTemporaryDirectory(dir);
      return ended;
    },
  };
}

/** Whether something on 127.0.0.1 accepts connections on `port`. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
