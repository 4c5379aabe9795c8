import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';

/** What decides on the figures beside Node and Redis; y-redis brings an ioredis of its own. */
const PACKAGES = ['@hocuspocus/server', '@hocuspocus/extension-redis', 'y-redis', 'ws', 'ioredis', 'yjs'];

/** The versions of the packages that are measured, as they are installed. */
export function measuredVersions(): Record<string, string> {
  return Object.fromEntries(
    PACKAGES.map((name) => {
      const file = findPackageJSON(name, import.meta.url);
      const { version = 'unknown' } = file === undefined ? {} : JSON.parse(readFileSync(file, 'utf8'));
      return [name, String(version)];
    }),
  );
}
