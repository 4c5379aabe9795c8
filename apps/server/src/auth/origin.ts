import { ApiError } from '../http/errors.ts';
import type { CredentialSource } from './principal.ts';

/**
 * Whether a session cookie counts beside this `Origin` (ACC3). Browsers attach cookies to whatever any page sends, and
 * only the Origin tells which page that was. It is compared as it stands with the allowed ones: scheme, host and port,
 * no suffix, no default filled in. Throws an `ApiError` `forbidden`.
 */
export function checkOrigin(
  origin: string | string[] | undefined,
  allowed: ReadonlySet<string>,
  rule: CredentialSource['origin'],
): void {
  if (origin === undefined && rule === 'if-present') return;
  // Several headers are joined by Node, and so match nothing; an array is refused like them.
  if (typeof origin === 'string' && allowed.has(origin)) return;
  throw new ApiError('forbidden');
}
