/** Under which better-auth is reached. */
export const AUTH_PREFIX = '/api/auth';

/**
 * What of better-auth is reached from outside. The others answer 404: they need mails that are not sent (resetting a
 * password, verifying and changing an address), hand out a provider's tokens, or let an admin act as somebody else.
 * A list of what is allowed, so that a new version opens no new door; a test compares it with what there is.
 */
export const SERVED = {
  GET: [
    '/ok',
    '/get-session',
    '/list-sessions',
    '/list-accounts',
    '/callback/google',
    '/callback/github',
    '/passkey/generate-register-options',
    '/passkey/generate-authenticate-options',
    '/passkey/list-user-passkeys',
    '/admin/list-users',
    '/admin/get-user',
  ],
  POST: [
    '/sign-up/email',
    '/sign-in/email',
    '/sign-in/social',
    '/sign-in/anonymous',
    '/sign-out',
    '/revoke-session',
    '/revoke-sessions',
    '/revoke-other-sessions',
    '/change-password',
    '/update-user',
    '/link-social',
    '/unlink-account',
    '/delete-anonymous-user',
    '/passkey/verify-registration',
    '/passkey/verify-authentication',
    '/passkey/delete-passkey',
    '/passkey/update-passkey',
    '/two-factor/enable',
    '/two-factor/disable',
    '/two-factor/get-totp-uri',
    '/two-factor/verify-totp',
    '/two-factor/verify-backup-code',
    '/two-factor/generate-backup-codes',
    '/admin/create-user',
    '/admin/update-user',
    '/admin/set-role',
    '/admin/set-user-password',
    '/admin/list-user-sessions',
    '/admin/revoke-user-session',
    '/admin/revoke-user-sessions',
    '/admin/ban-user',
    '/admin/unban-user',
    '/admin/remove-user',
    '/admin/has-permission',
  ],
} as const;

const served = { GET: new Set<string>(SERVED.GET), POST: new Set<string>(SERVED.POST) };

/** Whether a request for `path`, which begins below the prefix, is for better-auth. */
export function isServed(method: string, path: string): boolean {
  return (method === 'GET' || method === 'POST') && served[method].has(path);
}

/** Ways to sign in, and how the audit log calls them. */
export const SIGN_INS: Readonly<Record<string, string>> = {
  '/sign-in/email': 'password',
  '/sign-in/social': 'provider',
  '/callback/:id': 'provider',
  '/sign-in/anonymous': 'guest',
  '/passkey/verify-authentication': 'passkey',
  '/two-factor/verify-totp': 'second factor',
  '/two-factor/verify-backup-code': 'backup code',
};

/**
 * Requests that one address may make to one path, per window in seconds. The first pattern that fits counts. An office
 * has one address: what a crowd does at nine o'clock must go through, guessing passwords must not (see also
 * `sign-in-attempts.ts`, which counts per account).
 */
export const PATH_LIMITS = {
  '/get-session': false,
  '/sign-in/*': { window: 60, max: 100 },
  '/sign-up/*': { window: 60, max: 30 },
  '/two-factor/*': { window: 60, max: 30 },
  '/change-password': { window: 60, max: 10 },
  '/passkey/*': { window: 60, max: 100 },
} as const;

/** For every other path. */
export const DEFAULT_LIMIT = { window: 60, max: 300 } as const;
