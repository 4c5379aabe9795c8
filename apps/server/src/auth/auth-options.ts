import { passkey } from '@better-auth/passkey';
import type { Config } from '@kryton/engine/config/load-config.ts';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import type { BetterAuthOptions, BetterAuthPlugin } from 'better-auth';
import { admin, anonymous, twoFactor } from 'better-auth/plugins';
import type { FastifyBaseLogger } from 'fastify';
import { DEFAULT_LIMIT, PATH_LIMITS } from './auth-paths.ts';
import { ADDRESS_HEADER } from './client-address.ts';

/** What the sign-in needs of the configuration. */
export type AuthConfig = Pick<
  Config,
  | 'authUrl'
  | 'appUrl'
  | 'corsOrigins'
  | 'webauthnRpId'
  | 'registration'
  | 'guestAccess'
  | 'createOnOpen'
  | 'googleClientId'
  | 'googleClientSecret'
  | 'githubClientId'
  | 'githubClientSecret'
> & { readonly authSecret: string };

/** Longer than any brute force that the limits allow gets, short enough for a sentence; OWASP asks for 8 at least. */
export const MIN_PASSWORD = 10;
export const MAX_PASSWORD = 128;
const APP_NAME = 'Kryton';

/** How better-auth is set up, as far as it follows from the configuration alone. */
export function settings(config: AuthConfig): BetterAuthOptions {
  const origins = originsOf(config);
  return {
    appName: APP_NAME,
    baseURL: config.authUrl,
    secret: config.authSecret,
    trustedOrigins: origins,
    telemetry: { enabled: false },
    session: { storeSessionInDatabase: true },
    socialProviders: providers(config),
    rateLimit: {
      enabled: true,
      storage: 'secondary-storage',
      ...DEFAULT_LIMIT,
      customRules: { ...PATH_LIMITS },
    },
    // What is no answer of its API is thrown, so that our route answers and logs it. The page shows the others.
    onAPIError: { throw: true, errorURL: config.appUrl },
    advanced: {
      useSecureCookies: isSecure(config),
      // Off in tests otherwise, and then they would prove nothing.
      disableOriginCheck: false,
      disableCSRFCheck: false,
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      // The schema is migrated before a node starts, and checked then.
      database: { validateSchema: false },
    },
  };
}

/** The plugins; `onUpgrade` moves what a guest has to the account that they signed in to. */
export function plugins(
  config: AuthConfig,
  onUpgrade: (guestId: string, userId: string) => Promise<void>,
): BetterAuthPlugin[] {
  const guests = anonymous({
    generateName: () => 'Guest',
    onLinkAccount: async ({ anonymousUser, newUser }) => {
      await onUpgrade(anonymousUser.user.id, newUser.user.id);
    },
  });
  return [
    admin(),
    ...(config.guestAccess ? [guests] : []),
    twoFactor({ issuer: APP_NAME }),
    passkey({ rpID: config.webauthnRpId, rpName: APP_NAME, origin: originsOf(config) }),
  ];
}

/** The port as better-auth calls it. */
export function secondaryStorage(
  sessions: SessionStorage,
): NonNullable<BetterAuthOptions['secondaryStorage']> {
  return {
    get: (key) => sessions.get(key),
    set: (key, value, ttl) => sessions.set(key, value, ttl),
    delete: (key) => sessions.delete(key),
    getAndDelete: (key) => sessions.getAndDelete(key),
    increment: (key, ttl) => sessions.increment(key, ttl),
  };
}

/**
 * better-auth calls errors what clients did wrong (an Origin that is not allowed), and warns of every mistyped
 * password; neither is the operator's to mend.
 */
export function quietLogger(logger: FastifyBaseLogger): NonNullable<BetterAuthOptions['logger']> {
  return {
    level: 'warn',
    disableColors: true,
    log: (level, message, ...details) => {
      const err = details.find((detail) => detail instanceof Error);
      const fields = { part: 'better-auth', ...(err === undefined ? {} : { err }) };
      if (level === 'error') logger.warn(fields, message);
      else logger.debug(fields, message);
    },
  };
}

/** Whether the sign-in is reached by https, which makes cookies Secure. */
export function isSecure({ authUrl }: Pick<AuthConfig, 'authUrl'>): boolean {
  return authUrl.startsWith('https://');
}

function originsOf({ appUrl, corsOrigins }: AuthConfig): string[] {
  return [...new Set([appUrl, ...corsOrigins])];
}

function providers(config: AuthConfig): NonNullable<BetterAuthOptions['socialProviders']> {
  const { googleClientId, googleClientSecret, githubClientId, githubClientSecret } = config;
  return {
    ...(googleClientId !== null && googleClientSecret !== null
      ? { google: { clientId: googleClientId, clientSecret: googleClientSecret } }
      : {}),
    ...(githubClientId !== null && githubClientSecret !== null
      ? { github: { clientId: githubClientId, clientSecret: githubClientSecret } }
      : {}),
  };
}
