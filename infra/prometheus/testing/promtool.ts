import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const DEADLINE_MS = 100_000;

/** Runs promtool in `directory`. Rejects with what it said when it finds something wrong. */
export async function promtool(directory: string, ...args: readonly string[]): Promise<string> {
  try {
    const run = promisify(execFile)('promtool', args, { cwd: directory, timeout: DEADLINE_MS });
    const { stdout } = await run;
    return stdout;
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error && 'stderr' in error;
    throw new Error(said ? `${error.stdout}${error.stderr}` : String(error), { cause: error });
  }
}
