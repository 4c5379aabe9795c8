import { randomBytes } from 'node:crypto';
import { connectDatabase, type DatabaseConnection } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import type { DatabaseAddress } from '@kryton/engine/database/postgres-pool.ts';
import { EmbeddedSessionStorage } from '@kryton/engine/sessions/embedded-session-storage.ts';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import Fastify, { type FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import type { AuditEvent, AuditLog } from '../access/audit-log.ts';
import type { Kick } from '../access/kick.ts';
import type { AuthConfig } from '../auth/auth-options.ts';
import { registerAuthRoutes } from '../auth/auth-routes.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import { type Auth, createAuth } from '../auth/create-auth.ts';
import type { PasswordHashing } from '../auth/password-hashing.ts';
import { mountRoutes } from '../http/api.ts';
import { answerErrors } from '../http/error-handler.ts';
import { invitationRoutes } from '../http/invitation-routes.ts';
import { meRoutes } from '../http/me-routes.ts';
import { RateLimits } from '../limits/rate-limits.ts';
import { Browser } from './browser-cookies.ts';

export type TestAccountsOptions = {
  /** An empty database, or one that was migrated: a URL, or where the embedded one listens. */
  readonly databaseUrl: string | DatabaseAddress;
  /** In memory unless told. */
  readonly sessions?: SessionStorage;
  readonly config?: Partial<AuthConfig>;
  readonly hashing?: PasswordHashing;
  readonly now?: () => number;
};

/** Sign-in over HTTP, with what it told the other nodes and the audit log. */
export type TestAccounts = {
  readonly auth: Auth;
  readonly database: DatabaseConnection;
  readonly sessions: SessionStorage;
  readonly kicks: Kick[];
  readonly events: AuditEvent[];
  /** Lines of the log of level warn and above. */
  readonly warnings: string[];
  readonly baseUrl: string;
  /** A browser with a cookie jar of its own, at an address of its own. */
  browser(): Browser;
  stop(): Promise<void>;
};

const ORIGIN = 'http://docs.example.com';

/** The address is a made-up one: cookies are sent by hand, and a browser's Origin is what counts. */
export const TEST_AUTH: AuthConfig = {
  authUrl: ORIGIN,
  appUrl: ORIGIN,
  corsOrigins: [ORIGIN],
  webauthnRpId: 'docs.example.com',
  registration: 'open',
  guestAccess: true,
  createOnOpen: true,
  googleClientId: null,
  googleClientSecret: null,
  githubClientId: null,
  githubClientSecret: null,
  authSecret: randomBytes(32).toString('base64'),
};

/** Nothing is limited here. */
const MANY = 1_000_000;

export async function startTestAccounts(options: TestAccountsOptions): Promise<TestAccounts> {
  const config = { ...TEST_AUTH, ...options.config };
  const { databaseUrl } = options;
  const address = typeof databaseUrl === 'string' ? { url: databaseUrl } : databaseUrl;
  const database = await connectDatabase(address, { applicationName: 'accounts-test' });
  await migrate(database.db);
  const now = options.now ?? Date.now;
  const sessions = options.sessions ?? new EmbeddedSessionStorage(now);
  const kicks: Kick[] = [];
  const events: AuditEvent[] = [];
  const warnings: string[] = [];
  const logger: FastifyBaseLogger = pino(
    { level: 'warn' },
    { write: (line: string) => void warnings.push(line) },
  );
  const audit: AuditLog = { record: (event) => void events.push(event) };
  const auth = createAuth({
    db: database.db,
    sessions,
    config,
    kicks: { send: async (kick) => void kicks.push(kick) },
    audit,
    logger,
    now,
    ...(options.hashing ? { hashing: options.hashing } : {}),
  });
  const app = Fastify({ loggerInstance: logger, trustProxy: ['loopback'] });
  answerErrors(app);
  await registerAuthRoutes(app, auth);
  const none = { verify: () => null };
  const authenticator = createAuthenticator({
    sessions: auth.reader,
    agentTokens: none,
    documentTokens: none,
    links: none,
    allowedOrigins: config.corsOrigins,
  });
  const limits = { handshakes: MANY, requests: MANY, messages: MANY, failures: MANY };
  const rates = new RateLimits({ limits, counters: null, wallClock: Date.now, onError: () => {} });
  await mountRoutes(app, { authenticator, rates }, async (api) => {
    meRoutes(auth.users)(api);
    invitationRoutes({ invitations: auth.invitations, users: auth.users, audit })(api);
  });
  const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  let browsers = 0;
  return {
    auth,
    database,
    sessions,
    kicks,
    events,
    warnings,
    baseUrl,
    browser() {
      browsers += 1;
      return new Browser(baseUrl, config.appUrl, `203.0.113.${browsers % 250}`);
    },
    async stop() {
      await app.close();
      await database.close();
    },
  };
}
