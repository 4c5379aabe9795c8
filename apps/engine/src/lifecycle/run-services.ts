import { describeFailure, Lifecycle, type Service, type StepDeadlines } from './lifecycle.ts';

/** What {@link runServices} needs of the process; `process` itself outside of tests. */
export type SignalledProcess = {
  on(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  exit(code: number): unknown;
};

export type RunOptions = {
  readonly deadlines: StepDeadlines;
  readonly process: SignalledProcess;
  /** Told what happens, in sentences; a logger's methods fit. */
  readonly log: { info(line: string): void; error(line: string): void };
};

/** A process that runs; see {@link runServices}. */
export type RunningServices = {
  /** Ends the process as a signal does, for a reason of its own; exit code 1. */
  fail(reason: string): void;
};

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Starts the services of a process and ends it on SIGINT or SIGTERM: drain, stop, exit 0, or 1 when a step failed. A
 * second signal ends it at once, with exit code 1. A signal during the start ends what was started.
 *
 * Throws what {@link Lifecycle.start} throws, after everything was stopped again; the caller's main explains it
 * (`exitWith`).
 */
export async function runServices(
  services: readonly Service[],
  options: RunOptions,
): Promise<RunningServices> {
  const { process, log } = options;
  const lifecycle = new Lifecycle(services, options.deadlines);
  let isEnding = false;

  const end = async (codeWhenDone: number) => {
    isEnding = true;
    const failures = await lifecycle.end({ drain: codeWhenDone === 0 });
    for (const failure of failures) log.error(describeFailure(failure));
    process.exit(failures.length > 0 ? 1 : codeWhenDone);
  };
  const onSignal = (signal: string) => {
    if (isEnding) {
      log.error(`${signal} again: ending at once`);
      process.exit(1);
      return;
    }
    log.info(`${signal}: leaving; once more ends at once`);
    void end(0);
  };
  const listeners = SIGNALS.map((signal) => ({ signal, listener: () => onSignal(signal) }));
  for (const { signal, listener } of listeners) process.on(signal, listener);

  try {
    await lifecycle.start();
  } catch (error) {
    for (const { signal, listener } of listeners) process.off(signal, listener);
    throw error;
  }
  return {
    fail(reason) {
      if (isEnding) return;
      log.error(`ending: ${reason}`);
      void end(1);
    },
  };
}
