import { connect } from 'node:net';
import { type Ending, type RunningProcess, startProcess } from './child-process.ts';
import { removeTemporaryDirectory } from './temporary-directory.ts';

/** A proxy of a test's own. */
export type ProxyService = {
  readonly process: RunningProcess;
  /** Reads its configuration and its certificates again, without cutting anybody off. The change comes a little later. */
  reload(): Promise<void>;
  /** SIGTERM, SIGKILL after 10 s; removes its directory. */
  stop(): Promise<Ending>;
};

export type ProxyProgram = {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Holds its files; goes with it. */
  readonly dir: string;
  /** The port on 127.0.0.1 that its configuration listens on; ready means that it accepts. */
  readonly port: number;
  readonly reload: (running: RunningProcess) => void | Promise<void>;
};

/** Starts a proxy in the foreground, its log on stdout or stderr. Throws an Error with that when it does not start. */
export async function startProxyProgram(program: ProxyProgram): Promise<ProxyService> {
  const { name, dir, port, reload, ...start } = program;
  const running = await startProcess({
    ...start,
    name: `${name} on port ${port}`,
    cwd: dir,
    // SIGKILL would leave the workers of nginx and HAProxy behind.
    orphanSignal: 'TERM',
    ready: () => accepts(port),
  }).catch((error: unknown) => {
    removeTemporaryDirectory(dir);
    throw error;
  });
  return {
    process: running,
    async reload() {
      await reload(running);
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
