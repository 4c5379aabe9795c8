/**
 * Why a process cannot start, as one clear sentence with what to do about it. The only error that a main prints
 * without a stack.
 */
export class StartupError extends Error {
  override readonly name: string = 'StartupError';
}

/** What {@link exitWith} needs of the process; `process` itself outside of tests. */
export type ExitingProcess = {
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  exitCode?: number | string | null | undefined;
  exit(code: number): unknown;
};

/**
 * Prints why the process ends to stderr and ends it with exit code 1. A {@link StartupError} is one sentence; anything
 * else is a defect of ours and comes with its stack, as does everything with `LOG_LEVEL=debug` or `trace`.
 */
export function exitWith(error: unknown, target: ExitingProcess = process): void {
  target.stderr.write(`${explain(error, isVerbose(target.env['LOG_LEVEL']))}\n`);
  target.exit(1);
}

function isVerbose(level: string | undefined): boolean {
  return level === 'debug' || level === 'trace';
}

function explain(error: unknown, withStack: boolean): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof StartupError && !withStack) return error.message;
  const cause = error.cause === undefined ? '' : `\ncaused by ${explain(error.cause, withStack)}`;
  return `${error.stack ?? error.message}${cause}`;
}
