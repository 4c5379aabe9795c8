import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

// Debian keeps servers out of the PATH of ordinary users.
const MORE_PLACES = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/bin'];
const POSTGRES_VERSIONS = '/usr/lib/postgresql';

/** Where `npm test` puts programs that Debian does not have, or only in versions that are too old. */
export const PROGRAMS_DIRECTORY = join(
  process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  'kryton-cluster',
);

/** The full path of the program `name` on the PATH or in a usual place for servers; null when there is none. */
export function findExecutable(name: string, furtherPlaces: readonly string[] = []): string | null {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...MORE_PLACES, ...furtherPlaces];
  const paths = places.filter((place) => place !== '').map((place) => join(place, name));
  return paths.find(isExecutable) ?? null;
}

/** The full path of one of the programs in {@link PROGRAMS_DIRECTORY}, where `npm test` puts them; null without it. */
export function findOwnProgram(name: 'caddy' | 'traefik' | 'hadolint' | 'k6'): string | null {
  const path = join(PROGRAMS_DIRECTORY, 'bin', name);
  return isExecutable(path) ? path : null;
}

/** Like {@link findExecutable}, for PostgreSQL's programs: Debian has them in `/usr/lib/postgresql/<version>/bin`. */
export function findPostgresProgram(name: 'initdb' | 'postgres'): string | null {
  return findExecutable(name, debianPostgresPlaces());
}

/** A Chromium or Chrome that tests can drive: that of `CHROMIUM_PATH`, or the first found; null when there is none. */
export function findChromium(): string | null {
  const given = process.env['CHROMIUM_PATH'];
  if (given !== undefined && given !== '') return isExecutable(given) ? given : null;
  const macApp = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const found = names.map((name) => findExecutable(name)).find((path) => path !== null);
  return found ?? (isExecutable(macApp) ? macApp : null);
}

function debianPostgresPlaces(): string[] {
  try {
    const versions = readdirSync(POSTGRES_VERSIONS).sort((a, b) => Number(b) - Number(a));
    return versions.map((version) => join(POSTGRES_VERSIONS, version, 'bin'));
  } catch {
    return [];
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
