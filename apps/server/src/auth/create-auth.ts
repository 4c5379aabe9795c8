import type { Database } from '@kryton/engine/database/schema.ts';
import { systemTimers, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import { type BetterAuthOptions, type BetterAuthPlugin, betterAuth } from 'better-auth';
import { createAuthMiddleware, router } from 'better-auth/api';
import type { FastifyBaseLogger } from 'fastify';
import type { Kysely } from 'kysely';
import type { AuditLog } from '../access/audit-log.ts';
import type { Kicks } from '../access/kick.ts';
import { accountEvents } from './account-events.ts';
import { accountHooks, invitationIn } from './account-hooks.ts';
import { AuthLanes } from './auth-lanes.ts';
import {
  type AuthConfig,
  isSecure,
  MAX_PASSWORD,
  MIN_PASSWORD,
  plugins,
  quietLogger,
  secondaryStorage,
  settings,
} from './auth-options.ts';
import { challengedGuests } from './challenged-guests.ts';
import { moveToAccount } from './guest-upgrade.ts';
import { Invitations } from './invitations.ts';
import { JoinedTransactions } from './joined-transactions.ts';
import { PasswordHashing } from './password-hashing.ts';
import { Registration } from './registration.ts';
import { SessionCookie } from './session-cookie.ts';
import { SessionEnds } from './session-ends.ts';
import { SessionReader } from './session-reader.ts';
import { SignInAttempts } from './sign-in-attempts.ts';
import { type SignInFeatures, signInFeatures } from './sign-in-features.ts';
import { SignUpPasswords } from './sign-up-passwords.ts';
import { Users } from './users.ts';

export type AuthParts = {
  readonly db: Kysely<Database>;
  readonly sessions: SessionStorage;
  readonly config: AuthConfig;
  readonly kicks: Kicks;
  readonly audit: AuditLog;
  readonly logger: FastifyBaseLogger;
  /** ms since 1970. */
  readonly now: () => number;
  /** One for the process unless told. */
  readonly hashing?: PasswordHashing;
  readonly timers?: Timers;
};

/** Accounts and sign-in, one per process. */
export type Auth = {
  /** How better-auth is set up: its generator of migrations takes this. */
  readonly options: BetterAuthOptions;
  /** The address of the sign-in: scheme, host and port. */
  readonly url: string;
  /**
   * Answers a request to better-auth when its turn comes, for which nothing is spent before. `request` makes it then;
   * null, and a null answer, when nobody waits for it any more. Rejects with `LineFull` when too many are waiting, with
   * what `request` throws, or with what went wrong behind better-auth.
   */
  handle(path: string, request: () => Request | null): Promise<Response | null>;
  /** For everything else that a cookie may be shown to. */
  readonly reader: SessionReader;
  readonly users: Users;
  readonly invitations: Invitations;
  readonly features: SignInFeatures;
};

export function createAuth(parts: AuthParts): Auth {
  const { db, sessions, config, audit, logger, now } = parts;
  const transactions = new JoinedTransactions(db);
  const invitations = new Invitations({ db, appUrl: config.appUrl, now });
  const registration = new Registration({ mode: config.registration, transactions, invitations });
  const cookie = new SessionCookie(config.authSecret, isSecure(config));
  const reader = new SessionReader({ cookie, sessions, db, now });
  const ends = new SessionEnds({ db, sessions, reader, kicks: parts.kicks });
  const passwords = new SignUpPasswords(parts.hashing ?? new PasswordHashing());
  const attempts = new SignInAttempts(sessions);

  const onUpgrade = (guestId: string, userId: string) => moveToAccount(db, guestId, userId);

  const options: BetterAuthOptions = {
    ...settings(config),
    database: { db: transactions.watched, type: 'postgres', transaction: true },
    secondaryStorage: secondaryStorage(sessions),
    logger: quietLogger(logger),
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD,
      maxPasswordLength: MAX_PASSWORD,
      password: {
        hash: (password) => passwords.hash(password),
        verify: (claim) => passwords.verify(claim),
      },
    },
    databaseHooks: accountHooks({ transactions, registration, ends, reader, audit }),
    plugins: [
      beforeSigning(registration, passwords, attempts),
      ...plugins(config, onUpgrade),
      ...(config.guestAccess ? [challengedGuests(sessions, onUpgrade)] : []),
      accountEvents(ends, audit),
    ],
  };
  const answer = answerer(options);
  const lanes = new AuthLanes(parts.timers ?? systemTimers);
  return {
    options,
    url: config.authUrl,
    handle: (path, makeRequest) =>
      lanes.run(path, async () => {
        const request = makeRequest();
        return request && (await passwords.within(() => answer(request)));
      }),
    reader,
    users: new Users(db),
    invitations,
    features: signInFeatures(config),
  };
}

/**
 * better-auth's own handler makes a router of its hundred endpoints for every request, because its address may depend
 * on the request; that takes longer than most answers. Ours does not, so one router serves all.
 */
function answerer(options: BetterAuthOptions): (request: Request) => Promise<Response> {
  const made = betterAuth(options).$context.then((context) => router(context, options).handler);
  // Heard by whoever asks first.
  made.catch(() => {});
  return async (request) => (await made)(request);
}

/** What is decided before better-auth begins with a sign-up or a sign-in, and before a password costs anything. */
function beforeSigning(
  registration: Registration,
  passwords: SignUpPasswords,
  attempts: SignInAttempts,
): BetterAuthPlugin {
  const signUp = createAuthMiddleware(async ({ body }) => {
    const { email, password } = credentialsIn(body);
    await registration.expectInvited(email, invitationIn(body));
    // Others are refused by better-auth.
    if (password.length >= MIN_PASSWORD && password.length <= MAX_PASSWORD)
      await passwords.hashBefore(password);
  });
  const signIn = createAuthMiddleware(async ({ body }) => {
    await attempts.count(credentialsIn(body).email);
  });
  return {
    id: 'kryton-before-signing',
    hooks: {
      before: [
        { matcher: ({ path }) => path === '/sign-up/email', handler: signUp },
        { matcher: ({ path }) => path === '/sign-in/email', handler: signIn },
      ],
    },
  };
}

function credentialsIn(body: unknown): { readonly email: string; readonly password: string } {
  const fields: Readonly<Record<string, unknown>> =
    typeof body === 'object' && body !== null ? { ...body } : {};
  const { email, password } = fields;
  return {
    email: typeof email === 'string' ? email : '',
    password: typeof password === 'string' ? password : '',
  };
}
