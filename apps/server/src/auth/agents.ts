import { randomBytes } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Kysely, Transaction } from 'kysely';
import type { AuditEvent, AuditLog } from '../access/audit-log.ts';
import type { Kick, Kicks } from '../access/kick.ts';
import { ApiError } from '../http/errors.ts';
import type { AgentTokens } from './agent-tokens.ts';
import type { Scope } from './principal.ts';

/** The user whose agents they are, and the address that the request came from. */
export type AgentOwner = { readonly userId: string; readonly address: string };

export type Agent = {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
};

/** A token as its owner sees it later: without the secret. */
export type AgentToken = {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Null for all that its agent can reach. */
  readonly docs: readonly DocId[] | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
};

export type AgentsParts = {
  readonly db: Kysely<Database>;
  /** Of this node; the others forget when they are told. */
  readonly tokens: Pick<AgentTokens, 'forget'>;
  readonly kicks: Kicks;
  readonly audit: AuditLog;
  /** ms since 1970. */
  readonly now: () => number;
};

const ID_BYTES = 12;
const MAX_AGENTS = 50;

/** The agents of users. What belongs to somebody else is not found. */
export class Agents {
  readonly #parts: AgentsParts;

  constructor(parts: AgentsParts) {
    this.#parts = parts;
  }

  /** Throws an `ApiError` `conflict` when the user has as many agents as allowed. */
  async create(owner: AgentOwner, name: string): Promise<Agent> {
    const agent = { id: newId(), name, createdAt: this.#date() };
    await this.#parts.db.transaction().execute(async (transaction) => {
      // So that two at once cannot both be the last one allowed.
      await transaction
        .selectFrom('user')
        .select('id')
        .where('id', '=', owner.userId)
        .forNoKeyUpdate()
        .executeTakeFirstOrThrow();
      const { agents } = await transaction
        .selectFrom('agents')
        .select(({ fn }) => fn.countAll<number>().as('agents'))
        .where('owner_id', '=', owner.userId)
        .executeTakeFirstOrThrow();
      if (agents >= MAX_AGENTS) {
        const message = `a user has ${MAX_AGENTS} agents at most: delete one first`;
        throw new ApiError('conflict', { message });
      }
      const row = { id: agent.id, owner_id: owner.userId, name, created_at: agent.createdAt };
      await transaction.insertInto('agents').values(row).execute();
    });
    this.#parts.audit.record({ kind: 'agent-created', ...auditOf(owner, agent.id), details: { name } });
    return agent;
  }

  /** The oldest first, each with its tokens, the newest of those first. */
  async list(userId: string): Promise<(Agent & { readonly tokens: AgentToken[] })[]> {
    const rows = await this.#parts.db
      .selectFrom('agents as agent')
      .leftJoin('agent_tokens as token', 'token.agent_id', 'agent.id')
      .select(['agent.id as agentId', 'agent.name as agentName', 'agent.created_at as agentCreatedAt'])
      .select(['token.id', 'token.name', 'token.scopes', 'token.docs', 'token.created_at'])
      .select(['token.expires_at', 'token.last_used_at', 'token.revoked_at'])
      .where('agent.owner_id', '=', userId)
      .orderBy('agent.created_at')
      .orderBy('agent.id')
      .orderBy('token.created_at', 'desc')
      .orderBy('token.id')
      .execute();
    const agents = new Map<string, Agent & { readonly tokens: AgentToken[] }>();
    for (const { agentId, agentName, agentCreatedAt, ...row } of rows) {
      const agent = agents.get(agentId) ?? {
        id: agentId,
        name: agentName,
        createdAt: agentCreatedAt,
        tokens: [],
      };
      agents.set(agentId, agent);
      const { id, name, scopes, created_at, expires_at } = row;
      if (!id || name === null || !scopes || !created_at || !expires_at) continue;
      agent.tokens.push({
        id,
        name,
        // Written here alone, after they were checked.
        scopes: scopes as Scope[],
        docs: row.docs as DocId[] | null,
        createdAt: created_at,
        expiresAt: expires_at,
        lastUsedAt: row.last_used_at,
        revokedAt: row.revoked_at,
      });
    }
    return [...agents.values()];
  }

  /** Ends its tokens, the document tokens that they minted, and its grants. Throws an `ApiError` `notFound`. */
  async delete(owner: AgentOwner, agentId: string): Promise<void> {
    const tokenIds = await this.#parts.db.transaction().execute(async (transaction) => {
      await lockAgent(transaction, owner.userId, agentId);
      const deleted = await transaction
        .deleteFrom('agent_tokens')
        .where('agent_id', '=', agentId)
        .returning('id')
        .execute();
      await transaction
        .deleteFrom('document_grants')
        .where('principal_id', '=', `agent:${agentId}`)
        .execute();
      await transaction.deleteFrom('agents').where('id', '=', agentId).execute();
      return deleted.map(({ id }) => id);
    });
    this.#parts.audit.record({ kind: 'agent-deleted', ...auditOf(owner, agentId) });
    const kick: Kick = { kind: 'agent', agentId, tokenIds };
    this.#parts.tokens.forget(kick);
    await this.#parts.kicks.send(kick);
  }

  #date(): Date {
    return new Date(this.#parts.now());
  }
}

/**
 * Until the transaction ends, nobody else changes the agent or its tokens. Throws an `ApiError` `notFound` when it is
 * not there or somebody else's.
 */
export async function lockAgent(
  transaction: Transaction<Database>,
  ownerId: string,
  agentId: string,
): Promise<void> {
  const agent = await transaction
    .selectFrom('agents')
    .select('id')
    .where('id', '=', agentId)
    .where('owner_id', '=', ownerId)
    .forUpdate()
    .executeTakeFirst();
  if (agent === undefined) throw new ApiError('notFound');
}

/** Who did what to whom, for the audit log. */
export function auditOf({ userId, address }: AgentOwner, agentId: string): Omit<AuditEvent, 'kind'> {
  return { actor: `user:${userId}`, subject: `agent:${agentId}`, address };
}

/** The id of an agent or a token. */
export function newId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}
