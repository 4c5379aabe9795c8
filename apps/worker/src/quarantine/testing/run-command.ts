import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const RUN_MS = 60_000;

export type Finished = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

/** Runs `npm run quarantine` to its end; in `directory`, where one is given. */
export function runQuarantineCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  directory?: string,
): Promise<Finished> {
  return new Promise((resolve) => {
    const options = {
      env: { ...process.env, ...env },
      cwd: directory,
      timeout: RUN_MS,
      killSignal: 'SIGKILL',
    } as const;
    const child = execFile(process.execPath, [MAIN, ...args], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, stdout, stderr }),
    );
  });
}
