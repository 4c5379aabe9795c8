import { connectDatabase } from '@kryton/engine/database/connect-database.ts';
import { migrate } from '@kryton/engine/database/migrate.ts';
import { systemTimers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { pino } from 'pino';
import type { Kick } from '../access/kick.ts';
import { SqlAccess } from '../access/sql-access.ts';
import { AgentTokens } from '../auth/agent-tokens.ts';
import { Agents } from '../auth/agents.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import { DocumentTokens } from '../auth/document-tokens.ts';
import { IssuedTokens } from '../auth/issued-tokens.ts';
import { LastUses } from '../auth/last-uses.ts';
import { LinkTokens } from '../auth/link-tokens.ts';
import type { Scope } from '../auth/principal.ts';
import { SigningKeys } from '../auth/signing-keys.ts';
import { agentRoutes } from '../http/agent-routes.ts';
import { mountRoutes } from '../http/api.ts';
import { documentTokenRoutes, registerJwksRoute } from '../http/document-token-routes.ts';
import { createHttpServer } from '../http/http-server.ts';
import { RateLimits } from '../limits/rate-limits.ts';
import { AccountRows } from './account-rows.ts';
import { recordedAudit } from './recorded-audit.ts';

export const TOKEN_API_ORIGIN = 'https://docs.example.com';
const SECRET = 'a secret of the test, long enough';

type Answer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
/** Sends a request as one caller. */
export type Caller = (method: string, path: string, body?: unknown) => Promise<Answer>;
export type TokenApi = Awaited<ReturnType<typeof startTokenApi>>;

/** The API of agents and tokens on an empty database, with every verifier of tokens and with sessions by the test. */
export async function startTokenApi(databaseUrl: string) {
  const database = await connectDatabase({ url: databaseUrl }, { applicationName: 'test' });
  const { db } = database;
  await migrate(db);
  const rows = new AccountRows(db);
  const now = Date.now;
  const audit = recordedAudit();
  const kicks: Kick[] = [];
  /** Of the log, all levels. */
  const lines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const onError = (error: unknown) => logger.error(error);
  const sessions = new Map<string, Awaited<ReturnType<AccountRows['user']>>>();

  const lastUses = new LastUses({ db, timers: systemTimers, now, onError });
  const agentTokens = new AgentTokens({ db, lastUses, now });
  const links = new LinkTokens(SECRET);
  const keys = new SigningKeys({ db, secret: SECRET, now });
  const documentTokens = new DocumentTokens({ keys, issuer: TOKEN_API_ORIGIN, now });
  const access = new SqlAccess({ database: db, audit, timers: systemTimers, now, createOnOpen: false });
  const authenticator = createAuthenticator({
    sessions: {
      read: async (header) => {
        const user = sessions.get(header);
        return user ? { ...user, kind: user.kind === 'guest' ? 'guest' : 'user' } : null;
      },
    },
    agentTokens,
    documentTokens,
    links,
    allowedOrigins: [TOKEN_API_ORIGIN],
  });
  const kicked = { send: async (kick: Kick) => void kicks.push(kick) };
  const parts = { db, tokens: agentTokens, kicks: kicked, audit, now };
  const limits = { handshakes: 1_000, requests: 1_000, messages: 1_000, failures: 1_000 };
  const rates = new RateLimits({ limits, counters: null, wallClock: now, onError });

  const app = createHttpServer({ logger, trustProxy: false, connections: 10 });
  registerJwksRoute(app, keys);
  await mountRoutes(app, { authenticator, rates }, async (api) => {
    agentRoutes({ agents: new Agents(parts), tokens: new IssuedTokens(parts) })(api);
    documentTokenRoutes({ documentTokens, access, audit, now })(api);
    // Where a document token may go, and where not.
    for (const path of ['/api/docs/:docId/content', '/api/docs/:docId', '/api/plugins/chat/:docId']) {
      api.get(path, async ({ principal }) => ({ id: principal.id }));
    }
    api.get('/api/broken', () => Promise.reject(new Error('broken on purpose')));
  });
  const baseUrl = await app.listen({ host: '127.0.0.1', port: 0 });

  function caller(headers: Readonly<Record<string, string>>): Caller {
    return async (method, path, body) => {
      const json = body === undefined ? {} : { 'content-type': 'application/json' };
      const answer = await fetch(baseUrl + path, {
        method,
        headers: { ...headers, ...json },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
    };
  }

  return {
    ...{ rows, audit, kicks, lines, links, baseUrl, caller },
    bearer: (token: string) => caller({ authorization: `Bearer ${token}` }),
    /** A user, or a guest, with a session. */
    async signedIn(options: Parameters<AccountRows['user']>[0] = {}) {
      const user = await rows.user(options);
      const cookie = `better-auth.session_token=${user.sessionId}`;
      sessions.set(cookie, user);
      return { ...user, call: caller({ cookie, origin: TOKEN_API_ORIGIN }) };
    },
    /** An agent of the caller, with a token of an hour. */
    async agentOf(call: Caller, scopes: readonly Scope[], docs?: readonly DocId[]) {
      const { body: agent } = await call('POST', '/api/agents', { name: 'Robot' });
      const wanted = { name: 'CI', scopes, docs, expiresInSeconds: 3_600 };
      const { body: issued } = await call('POST', `/api/agents/${agent['id']}/tokens`, wanted);
      return {
        agentId: String(agent['id']),
        tokenId: String(issued['id']),
        token: String(issued['token']),
      };
    },
    async stop() {
      await app.close();
      await lastUses.close();
      await database.close();
    },
  };
}
