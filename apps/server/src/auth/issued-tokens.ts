import type { Database } from '@kryton/engine/database/schema.ts';
import type { Transaction } from 'kysely';
import type { Kick } from '../access/kick.ts';
import { ApiError } from '../http/errors.ts';
import { newAgentToken } from './agent-tokens.ts';
import { type AgentOwner, type AgentsParts, type AgentToken, auditOf, lockAgent, newId } from './agents.ts';

export type NewAgentToken = Pick<AgentToken, 'name' | 'scopes' | 'docs'> & {
  readonly expiresInSeconds: number;
};

/** Of one agent, in force. */
const MAX_TOKENS = 50;
/** Of one agent, expired or revoked: the newest stay, to be looked at. */
const KEPT_ENDED = 20;

/** Makes and revokes the tokens of agents. What belongs to somebody else's agent is not found. */
export class IssuedTokens {
  readonly #parts: AgentsParts;

  constructor(parts: AgentsParts) {
    this.#parts = parts;
  }

  /**
   * A token for an agent; nobody is shown `token` again. Throws an `ApiError`: `notFound` without the agent,
   * `conflict` when it has as many tokens as allowed.
   */
  async issue(
    owner: AgentOwner,
    agentId: string,
    { name, scopes, docs, expiresInSeconds }: NewAgentToken,
  ): Promise<{ readonly id: string; readonly token: string; readonly expiresAt: Date }> {
    const id = newId();
    const { text, hash } = newAgentToken();
    const createdAt = new Date(this.#parts.now());
    const expiresAt = new Date(createdAt.getTime() + expiresInSeconds * 1_000);
    await this.#parts.db.transaction().execute(async (transaction) => {
      await lockAgent(transaction, owner.userId, agentId);
      await this.#makeRoom(transaction, agentId, createdAt);
      const row = { id, agent_id: agentId, name, token_hash: hash, created_at: createdAt };
      await transaction
        .insertInto('agent_tokens')
        .values({ ...row, expires_at: expiresAt, scopes: [...scopes], docs: docs && [...docs] })
        .execute();
    });
    this.#parts.audit.record({
      kind: 'agent-token-created',
      ...auditOf(owner, agentId),
      details: {
        tokenId: id,
        name,
        scopes: scopes.join(' '),
        documents: docs?.length ?? null,
        expiresAt: expiresAt.toISOString(),
      },
    });
    return { id, token: text, expiresAt };
  }

  /** Does nothing to a token that is revoked already. Throws an `ApiError` `notFound`. */
  async revoke(owner: AgentOwner, agentId: string, tokenId: string): Promise<void> {
    const revoked = await this.#parts.db.transaction().execute(async (transaction) => {
      await lockAgent(transaction, owner.userId, agentId);
      const token = await transaction
        .selectFrom('agent_tokens')
        .select('revoked_at')
        .where('id', '=', tokenId)
        .where('agent_id', '=', agentId)
        .executeTakeFirst();
      if (token === undefined) throw new ApiError('notFound');
      if (token.revoked_at !== null) return false;
      await transaction
        .updateTable('agent_tokens')
        .set({ revoked_at: new Date(this.#parts.now()) })
        .where('id', '=', tokenId)
        .execute();
      return true;
    });
    if (!revoked) return;
    this.#parts.audit.record({
      kind: 'agent-token-revoked',
      ...auditOf(owner, agentId),
      details: { tokenId },
    });
    const kick: Kick = { kind: 'agent', agentId, tokenIds: [tokenId] };
    this.#parts.tokens.forget(kick);
    await this.#parts.kicks.send(kick);
  }

  async #makeRoom(transaction: Transaction<Database>, agentId: string, now: Date): Promise<void> {
    const tokens = await transaction
      .selectFrom('agent_tokens')
      .select(['id', 'expires_at', 'revoked_at'])
      .where('agent_id', '=', agentId)
      .orderBy('created_at', 'desc')
      .execute();
    const ended = tokens.filter(({ expires_at, revoked_at }) => revoked_at !== null || expires_at <= now);
    if (tokens.length - ended.length >= MAX_TOKENS) {
      const message = `an agent has ${MAX_TOKENS} tokens at most: revoke one first`;
      throw new ApiError('conflict', { message });
    }
    const old = ended.slice(KEPT_ENDED).map(({ id }) => id);
    if (old.length > 0) await transaction.deleteFrom('agent_tokens').where('id', 'in', old).execute();
  }
}
