import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../lifecycle/startup-error.ts';

const FILE = 'auth-secret';
const SECRET_BYTES = 32;
const MIN_LENGTH = 32;

/**
 * The secret that signs sessions where none is configured: made once, kept in DATA_DIR (which this process holds
 * alone) and readable by its owner only. With another one everybody would be signed out.
 *
 * Throws a {@link StartupError} when it cannot be read, is damaged, or cannot be written.
 */
export function embeddedSecret(dataDir: string): string {
  const path = join(dataDir, FILE);
  const kept = read(path);
  if (kept === null) return make(path);
  if (kept.length >= MIN_LENGTH) return kept;
  throw new StartupError(
    `${path} is damaged: it holds the secret that signs sessions. Delete it for a new one; everybody signs in again then`,
  );
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw unusable(path, cause);
  }
}

/** Under another name first: a crash leaves no half of a secret. */
function make(path: string): string {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  try {
    writeFileSync(`${path}.new`, `${secret}\n`, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  } catch (cause) {
    throw unusable(path, cause);
  }
  return secret;
}

function unusable(path: string, cause: unknown): StartupError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StartupError(
    `the secret that signs sessions cannot be kept in ${path} (${reason}): give this user access, or set BETTER_AUTH_SECRET`,
    { cause },
  );
}
