import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian keeps what only administrators have on their PATH. */
const SYSTEM_DIRS = ['/usr/sbin', '/usr/local/sbin'];

/** The program's path, or null when it is not installed. */
export function findProgram(name: string): string | null {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_DIRS];
  for (const dir of dirs) {
    const path = join(dir, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this one.
    }
  }
  return null;
}

/** The command that installs it. */
export function installHint(debian: string, brew: string): string {
  return process.platform === 'darwin' ? `run "brew install ${brew}"` : `run "apt-get install ${debian}"`;
}
