import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const directories = new Set<string>();

process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/**
 * A fresh directory `kryton-<purpose>-…` that is removed when this process exits, or earlier by
 * {@link removeTemporaryDirectory}. Readable by all: nginx workers and PostgreSQL run as other users.
 */
export function temporaryDirectory(purpose: string): string {
  const directory = mkdtempSync(join(tmpdir(), `kryton-${purpose}-`));
  chmodSync(directory, 0o755);
  directories.add(directory);
  return directory;
}

/** Removes a directory made by {@link temporaryDirectory} with all that is in it. */
export function removeTemporaryDirectory(directory: string): void {
  if (!directories.delete(directory)) return;
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
