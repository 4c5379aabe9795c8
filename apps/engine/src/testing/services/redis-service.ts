import { connect } from 'node:net';
import { type Ending, type RunningProcess, startProcess } from './child-process.ts';
import { freePort } from './free-port.ts';
import { findExecutable } from './installed.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

export type RedisOptions = {
  /** Append-only file on, with `appendfsync always`: an acknowledgement means disk. */
  readonly aof: boolean;
  /** Where its data lives; kept on stop. A fresh temporary directory, removed on stop, unless told. */
  readonly dir?: string;
  /** A free one unless told. */
  readonly port?: number;
  /** More arguments, `['--maxmemory', '100mb']`; they win over ours. */
  readonly args?: readonly string[];
  /**
   * Started so that a file size limit (`prlimit --fsize`) makes its writes fail with EFBIG, as a full disk does with
   * ENOSPC, instead of ending it with SIGXFSZ.
   */
  readonly survivesFileLimit?: boolean;
  /** Under that limit from its first moment: on a disk that is full already. A multiple of 512. */
  readonly fileLimitBytes?: number;
};

/** A signal that is ignored stays ignored after exec; Node itself resets all of them for its children. */
const IGNORE_SIGXFSZ = `trap '' XFSZ;`;
const GO_ON = `exec "$0" "$@"`;
/** The unit of `ulimit -f` in a POSIX shell. */
const BLOCK_BYTES = 512;

/** A Redis server of a test's own, on 127.0.0.1. */
export type RedisService = {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly process: RunningProcess;
  /** SIGTERM (Redis saves its files), SIGKILL after 10 s. */
  stop(): Promise<Ending>;
  /** SIGKILL, as a crash; the data directory stays, so that it can be started again on it. */
  crash(): Promise<Ending>;
};

/**
 * Starts redis-server and resolves when it answers PING. To start one again after a stop or a crash, make a directory
 * with `temporaryDirectory` and pass it and the port each time.
 */
export async function startRedis(options: RedisOptions): Promise<RedisService> {
  const command = findExecutable('redis-server');
  if (command === null)
    throw new Error('redis-server is not installed (Debian: apt-get install redis-server)');
  const port = options.port ?? (await freePort());
  const dir = options.dir ?? temporaryDirectory('redis');
  const args = [...settings(port, dir, options.aof), ...(options.args ?? [])];
  const running = await startProcess({
    name: `redis-server on port ${port}`,
    ...(options.survivesFileLimit
      ? { command: '/bin/sh', args: ['-c', script(options.fileLimitBytes), command, ...args] }
      : { command, args }),
    ready: () => answersPing(port),
    readyWithinMs: 30_000,
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    process: running,
    async stop() {
      const ended = await running.stop();
      removeUnlessGiven(options.dir, dir);
      return ended;
    },
    crash: () => running.stop({ signal: 'SIGKILL' }),
  };
}

function script(fileLimitBytes: number | undefined): string {
  const limit = fileLimitBytes === undefined ? '' : `ulimit -S -f ${fileLimitBytes / BLOCK_BYTES};`;
  return `${IGNORE_SIGXFSZ} ${limit} ${GO_ON}`;
}

function settings(port: number, dir: string, aof: boolean): string[] {
  const durable = aof ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const local = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir, '--daemonize', 'no'];
  return [...local, ...durable, '--save', '', '--maxmemory-policy', 'noeviction'];
}

function removeUnlessGiven(given: string | undefined, dir: string): void {
  if (given === undefined) removeTemporaryDirectory(dir);
}

/** Resolves true once Redis on `port` serves commands (while it loads its file it answers -LOADING). */
export function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const finish = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => finish(data.toString().startsWith('+PONG')));
  });
}
