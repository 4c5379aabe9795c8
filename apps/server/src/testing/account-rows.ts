import { randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import { type DocId, principalId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';
import type { Role } from '../access/role.ts';
import type { Principal, Scope } from '../auth/principal.ts';
import { freshDoc } from './test-cluster.ts';

const HOUR_MS = 3_600_000;

export type TestAgent = { readonly agentId: string; readonly tokenId: string; readonly principal: Principal };

/** Writes users, sessions, agents and grants into the tables, for tests of what is decided by them. */
export class AccountRows {
  readonly database: Kysely<Database>;

  constructor(database: Kysely<Database>) {
    this.database = database;
  }

  /** A user with a session of an hour. */
  async user(
    options: { readonly isAdmin?: boolean; readonly isGuest?: boolean; readonly name?: string } = {},
  ): Promise<Principal & { readonly userId: string; readonly sessionId: string }> {
    const userId = randomUUID();
    const name = options.name ?? 'Somebody';
    await sql`
      INSERT INTO "user" (id, name, email, "emailVerified", role, "isAnonymous")
      VALUES (${userId}, ${name}, ${`${userId}@example.com`}, true, ${options.isAdmin ? 'admin' : 'user'},
        ${options.isGuest ?? false})
    `.execute(this.database);
    const kind = options.isGuest ? ('guest' as const) : ('user' as const);
    const sessionId = await this.session(userId);
    const credential = { kind: 'session' as const, sessionId, userId };
    return { id: principalId(`user:${userId}`), kind, name, credential, userId, sessionId };
  }

  /** The id of a new session. */
  async session(userId: string, expiresInMs = HOUR_MS): Promise<string> {
    const sessionId = randomUUID();
    const expiresAt = new Date(Date.now() + expiresInMs);
    await sql`
      INSERT INTO session (id, "expiresAt", token, "updatedAt", "userId")
      VALUES (${sessionId}, ${expiresAt}, ${randomUUID()}, now(), ${userId})
    `.execute(this.database);
    return sessionId;
  }

  async document(grants: Readonly<Record<string, Role>> = {}): Promise<DocId> {
    const docId = freshDoc();
    await this.database.insertInto('documents').values({ id: docId, title: '', created_by: null }).execute();
    for (const [principal, role] of Object.entries(grants)) await this.grant(docId, principal, role);
    return docId;
  }

  async grant(docId: DocId, principal: string, role: Role): Promise<void> {
    await this.database
      .insertInto('document_grants')
      .values({ doc_id: docId, principal_id: principal, role, granted_by: null })
      .onConflict((conflict) => conflict.columns(['doc_id', 'principal_id']).doUpdateSet({ role }))
      .execute();
  }

  async removeGrant(docId: DocId, principal: string): Promise<void> {
    await this.database
      .deleteFrom('document_grants')
      .where('doc_id', '=', docId)
      .where('principal_id', '=', principal)
      .execute();
  }

  async markDeleted(docId: DocId): Promise<void> {
    await this.database
      .updateTable('documents')
      .set({ deleted_at: new Date() })
      .where('id', '=', docId)
      .execute();
  }

  /** An agent of a user with a token of an hour. */
  async agent(
    ownerId: string,
    scopes: readonly Scope[],
    docs: readonly DocId[] | null = null,
  ): Promise<TestAgent> {
    const [agentId, tokenId] = [randomUUID(), randomUUID()];
    await this.database
      .insertInto('agents')
      .values({ id: agentId, owner_id: ownerId, name: 'An agent' })
      .execute();
    await this.database
      .insertInto('agent_tokens')
      .values({
        id: tokenId,
        agent_id: agentId,
        name: 'A token',
        token_hash: randomBytes(32),
        scopes: [...scopes],
        docs: docs && [...docs],
        expires_at: new Date(Date.now() + HOUR_MS),
      })
      .execute();
    const credential = { kind: 'agent-token' as const, tokenId, agentId, ownerId, scopes, docs };
    const principal = { id: principalId(`agent:${agentId}`), kind: 'agent' as const, name: 'An agent' };
    return { agentId, tokenId, principal: { ...principal, credential } };
  }

  /** Somebody with a document token that `agent` minted. */
  member(
    { agentId, tokenId }: TestAgent,
    docId: DocId,
    role: Exclude<Role, 'owner'>,
    expiresAtMs: number = Date.now() + HOUR_MS,
  ): Principal {
    return {
      id: principalId(`member:${agentId}:bob`),
      kind: 'member',
      name: 'Bob',
      credential: { kind: 'document-token', tokenId, docId, role, expiresAtMs },
    };
  }

  /** Somebody with the link of the document, which is created. */
  async visitor(docId: DocId, role: Exclude<Role, 'owner'>): Promise<Principal> {
    const linkId = randomUUID();
    await this.database
      .insertInto('document_links')
      .values({ doc_id: docId, link_id: linkId, role, created_by: null })
      .execute();
    return {
      id: principalId(`visitor:${randomUUID()}`),
      kind: 'visitor',
      name: 'Visitor',
      credential: { kind: 'link', docId, linkId },
    };
  }
}
