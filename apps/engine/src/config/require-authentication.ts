import { StartupError } from '../lifecycle/startup-error.ts';
import type { Config } from './load-config.ts';

/**
 * Keeps a server on which everybody may edit everything from going public unnoticed. `hasAuthentication`: whether the
 * wiring authenticates visitors.
 *
 * Throws a {@link StartupError} in production without it.
 */
export function requireAuthentication({ environment }: Config, hasAuthentication: boolean): void {
  if (environment !== 'production' || hasAuthentication) return;
  throw new StartupError(
    'This version has no authentication yet, so with NODE_ENV=production it does not start: everybody could edit every document. Set NODE_ENV=development to try it out',
  );
}
