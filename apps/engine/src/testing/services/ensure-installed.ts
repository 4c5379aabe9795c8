import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findChromium, findExecutable, findPostgresProgram } from './installed.ts';

/** A program that some tests need beside Node. */
export type Part = 'redis' | 'postgres' | 'nginx' | 'chromium';

type Recipe = {
  readonly find: () => string | null;
  readonly debianPackage: string;
  readonly brewPackage: string;
};

const RECIPES: Readonly<Record<Part, Recipe>> = {
  redis: { find: () => findExecutable('redis-server'), debianPackage: 'redis-server', brewPackage: 'redis' },
  postgres: { find: findPostgres, debianPackage: 'postgresql', brewPackage: 'postgresql' },
  nginx: { find: () => findExecutable('nginx'), debianPackage: 'nginx', brewPackage: 'nginx' },
  chromium: { find: findChromium, debianPackage: 'chromium', brewPackage: '--cask chromium' },
};

const APT = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
const APT_DEADLINE_MS = 10 * 60_000;
/** Packages ask this file whether they may start their daemon; 101 means no (Debian policy, invoke-rc.d). */
const START_POLICY = '/usr/sbin/policy-rc.d';

/**
 * Makes sure that `parts` are on this machine, and resolves with those that are not. As root on a Debian system (a
 * container, a CI machine) it installs what is missing with apt-get, without starting any daemon, and says so through
 * `say`; elsewhere it only names the command.
 */
export async function ensureInstalled(parts: readonly Part[], say: (line: string) => void): Promise<Part[]> {
  const missing = stillMissing(parts);
  if (missing.length === 0) return [];
  if (!mayInstall()) {
    say(`missing: ${missing.join(', ')}. To install: ${installCommand(missing)}`);
    return missing;
  }
  const packages = missing.map((part) => RECIPES[part].debianPackage);
  say(`installing with apt-get: ${packages.join(' ')}`);
  await withoutDaemons(async () => {
    await apt(['update', ...APT], say);
    await apt(['install', '--no-install-recommends', ...APT, ...packages], say);
  });
  return stillMissing(missing);
}

/** The command that installs `parts` on this kind of machine. */
export function installCommand(parts: readonly Part[]): string {
  const mac = process.platform === 'darwin';
  const names = parts.map((part) => (mac ? RECIPES[part].brewPackage : RECIPES[part].debianPackage));
  return mac ? `brew install ${names.join(' ')}` : `sudo apt-get install ${names.join(' ')}`;
}

function stillMissing(parts: readonly Part[]): Part[] {
  return parts.filter((part) => RECIPES[part].find() === null);
}

function findPostgres(): string | null {
  return findPostgresProgram('initdb') && findPostgresProgram('postgres');
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && findExecutable('apt-get') !== null;
}

async function withoutDaemons(work: () => Promise<void>): Promise<void> {
  if (existsSync(START_POLICY)) return work();
  writeFileSync(START_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    rmSync(START_POLICY, { force: true });
  }
}

/** Runs apt-get; a failure is said with the end of its output, and shows in what is still missing afterwards. */
async function apt(args: readonly string[], say: (line: string) => void): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const child = spawn('apt-get', [...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: APT_DEADLINE_MS,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-2_000);
    });
  }
  const [code, signal] = await once(child, 'close');
  if (code !== 0) say(`apt-get ${args[0]} failed (${signal ?? `exit code ${code}`}):\n${output}`);
}
