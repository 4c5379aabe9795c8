import type { MessageBus } from '@kryton/engine/bus/message-bus.ts';
import { deleteDocument } from '@kryton/engine/compaction/delete-document.ts';
import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import type { Quarantine } from '@kryton/engine/compaction/quarantine.ts';
import type { Config } from '@kryton/engine/config/load-config.ts';
import type { Database } from '@kryton/engine/database/schema.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { Roster } from '@kryton/engine/roster/roster.ts';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import type { SnapshotStore } from '@kryton/engine/snapshots/snapshot-store.ts';
import type { FastifyBaseLogger } from 'fastify';
import type { Kysely } from 'kysely';
import type { Access } from './access/access.ts';
import { AuditTrail } from './access/audit-trail.ts';
import { Documents, newDocId } from './access/documents.ts';
import { Grants } from './access/grants.ts';
import type { KickFeed } from './access/kick.ts';
import { KickBus } from './access/kick-bus.ts';
import { SqlAccess } from './access/sql-access.ts';
import { AgentTokens } from './auth/agent-tokens.ts';
import { Agents } from './auth/agents.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import { type Auth, createAuth } from './auth/create-auth.ts';
import { DocumentTokens } from './auth/document-tokens.ts';
import { IssuedTokens } from './auth/issued-tokens.ts';
import { LastUses } from './auth/last-uses.ts';
import { LinkTokens } from './auth/link-tokens.ts';
import type { Authenticator } from './auth/principal.ts';
import { SigningKeys } from './auth/signing-keys.ts';
import type { IsAdmin } from './http/admin-only.ts';
import { agentRoutes } from './http/agent-routes.ts';
import type { ApiRoutes } from './http/api.ts';
import { auditRoutes } from './http/audit-routes.ts';
import { clusterRoutes } from './http/cluster-routes.ts';
import { contentRoutes } from './http/content-routes.ts';
import { documentRoutes } from './http/document-routes.ts';
import { documentTokenRoutes } from './http/document-token-routes.ts';
import { grantRoutes } from './http/grant-routes.ts';
import { invitationRoutes } from './http/invitation-routes.ts';
import { meRoutes } from './http/me-routes.ts';

export type AccountsParts = {
  readonly db: Kysely<Database>;
  readonly bus: MessageBus;
  readonly sessions: SessionStorage;
  readonly log: UpdateLog;
  readonly snapshots: SnapshotStore;
  readonly quarantine: Quarantine;
  readonly heavy: HeavyWork;
  readonly roster: Pick<Roster, 'read'>;
  readonly config: Config;
  /** Signs sessions and links; the same on every node. */
  readonly secret: string;
  /** Of the process, as its logs name it. */
  readonly name: string;
  readonly logger: FastifyBaseLogger;
  readonly timers: Timers;
  /** ms since 1970. */
  readonly now: () => number;
};

/** Who people are and what they may do: what all nodes of one process share. */
export type Accounts = {
  readonly auth: Auth;
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly kicks: KickFeed;
  readonly audit: AuditTrail;
  readonly signingKeys: SigningKeys;
  readonly routes: readonly ApiRoutes[];
  close(): Promise<void>;
};

/** Rejects when nothing can be heard on the bus. */
export async function openAccounts(parts: AccountsParts): Promise<Accounts> {
  const { db, bus, sessions, secret, name, logger, timers, now } = parts;
  const audit = new AuditTrail({ db, node: name, logger, timers, wallClock: now });
  const config = { ...parts.config, authSecret: secret };
  const kicks = new KickBus(bus, logger);
  const auth = createAuth({ db, sessions, config, kicks, audit, logger, now });
  const lastUses = new LastUses({
    db,
    timers,
    now,
    onError: (error) => logger.warn({ err: error }, 'last uses of agent tokens were not written'),
  });
  const agentTokens = new AgentTokens({ db, lastUses, now });
  const signingKeys = new SigningKeys({ db, secret, now });
  const documentTokens = new DocumentTokens({ keys: signingKeys, issuer: config.appUrl, now });
  const links = new LinkTokens(secret);
  const access = new SqlAccess({ database: db, audit, timers, now, createOnOpen: config.createOnOpen });
  // What ended is forgotten before anybody comes back with it.
  const stopListening = await kicks.listen({
    kick(kick) {
      auth.reader.forget(kick);
      agentTokens.forget(kick);
    },
    missed() {
      auth.reader.forgetAll();
      agentTokens.forgetAll();
    },
  });
  const shared = { database: db, access, kicks, audit };
  const documents = new Documents({
    ...shared,
    logger,
    newId: newDocId,
    purge: (docId) => deleteDocument(docId, parts),
  });
  const isAdmin: IsAdmin = (principal) => auth.users.isAdmin(principal);
  const agents = { db, tokens: agentTokens, kicks, audit, now };
  return {
    auth,
    access,
    kicks,
    audit,
    signingKeys,
    authenticator: createAuthenticator({
      sessions: auth.reader,
      agentTokens,
      documentTokens,
      links,
      allowedOrigins: config.corsOrigins,
    }),
    routes: [
      meRoutes(auth.users),
      auditRoutes({ trail: audit, isAdmin }),
      clusterRoutes({ roster: parts.roster, isAdmin }),
      invitationRoutes({ invitations: auth.invitations, users: auth.users, audit }),
      agentRoutes({ agents: new Agents(agents), tokens: new IssuedTokens(agents) }),
      documentRoutes(documents),
      contentRoutes({ ...parts, documents }),
      grantRoutes(new Grants({ ...shared, links, now })),
      documentTokenRoutes({ documentTokens, access, audit, now }),
    ],
    async close() {
      await stopListening().catch(() => {});
      await lastUses.close();
      await audit.stop();
    },
  };
}
