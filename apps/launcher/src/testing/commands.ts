import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type RunningProcess, startProcess } from '@kryton/engine/testing/services/child-process.ts';
import { freePortRange } from '@kryton/engine/testing/services/free-port.ts';
import {
  removeTemporaryDirectory,
  temporaryDirectory,
} from '@kryton/engine/testing/services/temporary-directory.ts';
import { type Credentials, PAGE_ORIGIN, signUp } from '@kryton/server/testing/sign-up.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export type CommandOptions = {
  /** Where its data lives; kept on stop. A fresh temporary directory unless told. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Who signed up when it ran on the same data before; somebody new unless told. */
  readonly somebody?: Credentials;
};

/** The product as an operator starts it. */
export type RunningCommand = {
  readonly process: RunningProcess;
  /** Where the clients of each node connect, `ws://host:port`. */
  readonly nodes: readonly string[];
  /** The proxy in front; for the embedded mode the first node. */
  readonly front: string;
  readonly dataDir: string;
  /** Somebody who has signed up. */
  readonly somebody: Credentials;
  /** The process of the node at `index` of a cluster; throws when there is none. */
  pidOf(index: number): number;
  /** The port that the cluster's own Redis listens on. */
  redisPort(): number;
  stop(): Promise<void>;
};

/** `npm start` on free ports. */
export async function startEmbedded(options: CommandOptions = {}): Promise<RunningCommand> {
  const port = await freePortRange(2);
  return await start(['start'], [port, port + 1], port, {
    ...options,
    env: { ...options.env, PORT: String(port) },
  });
}

/** `npm run cluster` on free ports, with nginx in front. */
export async function startCluster(nodes: number, options: CommandOptions = {}): Promise<RunningCommand> {
  const front = await freePortRange(nodes + 1);
  const ports = Array.from({ length: nodes }, (_, index) => front + 1 + index);
  return await start(['cluster', '--nodes', String(nodes), '--port', String(front)], ports, front, options);
}

async function start(
  args: readonly string[],
  ports: readonly number[],
  front: number,
  options: CommandOptions,
): Promise<RunningCommand> {
  const dataDir = options.dataDir ?? temporaryDirectory('launcher');
  const running = await startProcess({
    name: `npm run ${args[0]}`,
    command: process.execPath,
    args: [MAIN, ...args],
    env: {
      ...{ METRICS_PORT: '0', DRAIN_SECONDS: '1', DATA_DIR: dataDir, APP_URL: PAGE_ORIGIN },
      ...{ CREATE_ON_OPEN: 'true', ...options.env },
    },
    ready: async () => {
      const answers = await Promise.all([front, ...ports].map((port) => isReady(port)));
      return answers.every(Boolean);
    },
    // The launcher itself gives up, and says why, after this.
    readyWithinMs: 110_000,
    orphanSignal: 'TERM',
  });
  return {
    process: running,
    nodes: ports.map((port) => `ws://127.0.0.1:${port}`),
    front: `ws://127.0.0.1:${front}`,
    dataDir,
    somebody: options.somebody ?? (await signUp(`ws://127.0.0.1:${front}`)),
    pidOf: (index) => processWith({ PORT: String(ports[index]) }, 'server/src/main.ts', dataDir),
    redisPort: () => {
      // Redis writes its address over its command line, and its environment with it.
      const pid = processes('redis-server').find((each) => workingDirectory(each).startsWith(dataDir));
      return Number(/127\.0\.0\.1:(\d+)/.exec(commandOf(pid ?? 0))?.[1]);
    },
    async stop() {
      await running.stop({ deadlineMs: 60_000 });
      if (options.dataDir === undefined) removeTemporaryDirectory(dataDir);
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(1_000) }).catch(
    () => null,
  );
  return answer?.ok ?? false;
}

/** The process whose command holds `command` and whose environment has these values. */
function processWith(env: Readonly<Record<string, string>>, command: string, dataDir: string): number {
  const wanted = Object.entries({ ...env, DATA_DIR: dataDir }).map(([name, value]) => `${name}=${value}`);
  const found = processes(command).find((pid) => {
    const values = read(`/proc/${pid}/environ`).split('\0');
    return wanted.every((value) => values.includes(value));
  });
  if (found === undefined) throw new Error(`no process of ${command} with ${wanted.join(', ')}`);
  return found;
}

/** All processes whose command line holds `command`; proc(5), Linux only. */
function processes(command: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandOf(pid).includes(command));
}

function workingDirectory(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

const commandOf = (pid: number): string => read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

/** Empty for a process that has just gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
