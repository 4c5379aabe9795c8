import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually, withDeadline } from '../eventually.ts';

/** A process that a test started. */
export type RunningProcess = {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process is gone, with its exit code or the signal that ended it. */
  readonly exited: Promise<Ending>;
  /** The last 64 KB of what it wrote to stdout and stderr, for failure messages and log checks. */
  output(): string;
  /** Sends a signal to this process alone; nothing happens when it is gone. */
  kill(signal: NodeJS.Signals): void;
  /**
   * Sends `signal` (SIGTERM unless told), and SIGKILL when the process is not gone within `deadlineMs` (10,000 unless
   * told). Resolves with how it ended.
   */
  stop(options?: { readonly signal?: NodeJS.Signals; readonly deadlineMs?: number }): Promise<Ending>;
};

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

export type ProcessOptions = {
  /** How messages call it: "redis-server". */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Variables beside those of this process; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Run as this user (needs root). */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Looked at until it holds (see {@link eventually}); gives up early when the process exits. */
  readonly ready: (running: RunningProcess) => unknown;
  /** Deadline for `ready` in ms; 15,000 unless told. */
  readonly readyWithinMs?: number;
  /** The signal for when the process that started it died without stopping it; SIGKILL unless told. */
  readonly orphanSignal?: 'KILL' | 'QUIT' | 'TERM';
};

const KEPT_OUTPUT_CHARS = 64 * 1024;

/**
 * Starts a process and resolves once it is ready. It never outlives this process: a watchdog ends it even when this
 * one is killed with SIGKILL.
 *
 * Throws an Error with the process's output when it exits before it is ready, is not ready in time, or cannot start.
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const child = spawn(options.command, [...options.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.user,
  });
  const exited = ending(child);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await Promise.race([once(child, 'spawn'), exited]);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${options.name} did not start: ${options.command} cannot be run`);
  const release = guard(pid, options.orphanSignal ?? 'KILL');
  void exited.finally(release);
  const running = describe(options.name, pid, child, exited);
  try {
    await untilReady(running, options);
    return running;
  } catch (error) {
    await running.stop({ signal: 'SIGKILL' });
    // Its last words arrive after its end; a grandchild may hold the pipe open for longer.
    await withDeadline(() => closed, 1_000).catch(() => {});
    throw new Error(`${options.name} did not become ready: ${String(error)}\n${running.output()}`, {
      cause: error,
    });
  }
}

async function untilReady(running: RunningProcess, options: ProcessOptions): Promise<void> {
  let gone: Ending | null = null;
  const early = running.exited.then((ended) => {
    gone = ended;
    throw new Error(`it ended with ${ended.signal ?? `exit code ${ended.code}`}`);
  });
  early.catch(() => {});
  const ready = eventually(() => (gone === null ? options.ready(running) : true), {
    what: `${options.name} is ready`,
    withinMs: options.readyWithinMs ?? 15_000,
  });
  await Promise.race([ready, early]);
}

function describe(name: string, pid: number, child: ChildProcess, exited: Promise<Ending>): RunningProcess {
  const output = keepOutput(child);
  let gone = false;
  void exited.then(() => {
    gone = true;
  });
  const kill = (signal: NodeJS.Signals) => {
    if (!gone) child.kill(signal);
  };
  return {
    name,
    pid,
    exited,
    output,
    kill,
    async stop({ signal = 'SIGTERM', deadlineMs = 10_000 } = {}) {
      kill(signal);
      try {
        return await withDeadline(() => exited, deadlineMs);
      } catch {
        kill('SIGKILL');
        return exited;
      }
    },
  };
}

function keepOutput(child: ChildProcess): () => string {
  let kept = '';
  const keep = (chunk: string) => {
    kept = (kept + chunk).slice(-KEPT_OUTPUT_CHARS);
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  return () => kept;
}

function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/**
 * Starts a shell that waits for the end of a pipe from this process, which comes however this process ends, and then
 * signals `pid`. Node has no parent-death signal; exit hooks alone do not run on SIGKILL. Returns its release.
 */
function guard(pid: number, signal: string): () => void {
  const watchdog = spawn('/bin/sh', ['-c', 'read -r _; kill -s "$0" "$1" 2>/dev/null', signal, `${pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watchdog.unref();
  // The pipe must neither keep this process alive nor fail it when the watchdog goes first.
  watchdog.stdin?.on('error', () => {});
  return () => {
    watchdog.kill('SIGKILL');
    watchdog.stdin?.destroy();
  };
}
