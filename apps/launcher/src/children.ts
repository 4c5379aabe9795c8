import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { StartupError } from '@kryton/engine/lifecycle/startup-error.ts';

export type ChildOptions = {
  /** Stands before each line that it prints. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Started again when it dies by itself. */
  readonly restarts?: boolean;
  /** How long it may take to end when asked to, in ms. */
  readonly stopMs: number;
};

type Child = { readonly options: ChildOptions; process: ChildProcess; isStopping: boolean };

const RESTART_AFTER_MS = 1_000;
const KILL_MS = 5_000;
const HOPELESS_WITHIN_MS = 10_000;

/**
 * The processes that one command started. Their lines are printed under their names, they end in the reverse order of
 * their start, and when this process is killed outright a small shell, which sees its input end, ends them.
 */
export class Children {
  readonly #children: Child[] = [];
  readonly #print: (line: string) => void;
  readonly #watchdog: ChildProcess;
  #onDeath: (reason: string) => void = () => {};

  constructor(print: (line: string) => void) {
    this.#print = print;
    const script =
      'pids=""; while read -r pid; do pids="$pids $pid"; done; [ -z "$pids" ] || kill $pids 2>/dev/null';
    // In a group of its own: Ctrl-C reaches every process of the terminal's group, and this one must outlive them.
    this.#watchdog = spawn('sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  }

  /** Called when a process that is not restarted dies by itself. */
  onDeath(listener: (reason: string) => void): void {
    this.#onDeath = listener;
  }

  /** Starts a process; resolves with its id. Rejects with a StartupError when it cannot be run. */
  async start(options: ChildOptions): Promise<number> {
    const child: Child = { options, process: this.#spawn(options), isStopping: false };
    this.#children.push(child);
    this.#watch(child);
    try {
      await deadline(once(child.process, 'spawn'), KILL_MS, `starting ${options.name}`);
    } catch (cause) {
      throw new StartupError(`${options.name} could not be started: ${options.command} cannot be run`, {
        cause,
      });
    }
    return child.process.pid ?? 0;
  }

  /** Ends all, the last started first; those of one name's kind together. Never rejects. */
  async stop(): Promise<void> {
    for (const child of this.#children) child.isStopping = true;
    for (const child of this.#children.toReversed()) await this.#end(child);
    this.#watchdog.kill('SIGKILL');
  }

  /** Ends the processes whose names begin with `prefix`, all at the same time. */
  async stopAll(prefix: string): Promise<void> {
    const group = this.#children.filter(({ options }) => options.name.startsWith(prefix));
    for (const child of group) child.isStopping = true;
    await Promise.all(group.map((child) => this.#end(child)));
  }

  #spawn({ command, args, env }: ChildOptions): ChildProcess {
    // Detached: the terminal's Ctrl-C is for us; we end the others in their order.
    const spawned = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    if (spawned.pid !== undefined) this.#watchdog.stdin?.write(`${spawned.pid}\n`);
    return spawned;
  }

  #watch(child: Child): void {
    const { name, restarts = false } = child.options;
    const spawned = child.process;
    const startedAt = performance.now();
    for (const stream of [spawned.stdout, spawned.stderr]) if (stream) this.#relay(name, stream);
    spawned.on('error', (error) => this.#print(`${name}: ${error.message}`));
    spawned.on('exit', (code, signal) => {
      if (child.isStopping) return;
      const reason = `${name} ended by itself (${signal ?? `exit code ${code}`})`;
      // A process that says at its start what is wrong will say it again.
      const isHopeless = code === 1 && performance.now() - startedAt < HOPELESS_WITHIN_MS;
      if (!restarts || isHopeless) {
        this.#onDeath(reason);
        return;
      }
      this.#print(`${reason}, starting it again`);
      setTimeout(() => {
        if (child.isStopping) return;
        child.process = this.#spawn(child.options);
        this.#watch(child);
      }, RESTART_AFTER_MS);
    });
  }

  #relay(name: string, stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => this.#print(`${name}: ${line}`));
  }

  async #end({ process: running, options }: Child): Promise<void> {
    if (running.exitCode !== null || running.signalCode !== null || running.pid === undefined) return;
    const exited = once(running, 'exit');
    running.kill('SIGTERM');
    try {
      await deadline(exited, options.stopMs, `ending ${options.name}`);
    } catch {
      this.#print(`${options.name} did not end within ${options.stopMs} ms and is killed`);
      running.kill('SIGKILL');
      await deadline(exited, KILL_MS, `killing ${options.name}`).catch(() => {});
    }
  }
}
