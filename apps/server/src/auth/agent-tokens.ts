import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { type DocId, principalId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';
import type { Kick } from '../access/kick.ts';
import type { LastUses } from './last-uses.ts';
import type { Principal, Scope } from './principal.ts';
import { RecentLookups } from './recent-lookups.ts';

export type AgentTokensParts = {
  readonly db: Kysely<Database>;
  readonly lastUses: Pick<LastUses, 'note'>;
  /** ms since 1970. */
  readonly now: () => number;
};

type Verified = {
  readonly principal: Principal;
  readonly tokenId: string;
  readonly agentId: string;
  readonly ownerId: string;
  readonly expiresAtMs: number;
};

const PREFIX = 'kryton_';
const SECRET_BYTES = 32;
/** 32 bytes in base64url. */
const AGENT_TOKEN = /^kryton_[A-Za-z0-9_-]{43}$/;
/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;
/** An agent opens many documents at once; a kick that was lost must not matter for long. */
const KEEP_MS = 3_000;
const MAX_KEPT = 5_000;

/** A new agent token: the text is shown once, the hash is kept (ACC4). */
export function newAgentToken(): { readonly text: string; readonly hash: Buffer } {
  const text = PREFIX + randomBytes(SECRET_BYTES).toString('base64url');
  return { text, hash: hashOf(text) };
}

/** Verifies agent tokens: one query for a token that was not shown in the last seconds. */
export class AgentTokens {
  readonly #parts: AgentTokensParts;
  /** By the hash: no token stays in memory. */
  readonly #recent: RecentLookups<Verified>;

  constructor(parts: AgentTokensParts) {
    this.#parts = parts;
    this.#recent = new RecentLookups({ keepMs: KEEP_MS, max: MAX_KEPT, now: parts.now });
  }

  /**
   * The agent whose token it is; null when there is no such token, when it is expired or revoked, or when its owner is
   * disabled. Rejects when the database does not answer.
   */
  async verify(token: string): Promise<Principal | null> {
    if (!AGENT_TOKEN.test(token)) return null;
    const hash = hashOf(token);
    const verified = await this.#recent.get(hash.toString('base64url'), () => this.#find(hash));
    if (verified === null || verified.expiresAtMs <= this.#parts.now()) return null;
    this.#parts.lastUses.note(verified.tokenId);
    return verified.principal;
  }

  /** What is known of those whom the kick concerns is looked up anew. */
  forget(kick: Kick): void {
    if (kick.kind === 'user') this.#recent.forget(({ ownerId }) => ownerId === kick.userId);
    if (kick.kind === 'agent') this.#recent.forget(({ agentId }) => agentId === kick.agentId);
  }

  /** Everything is looked up anew: kicks may have been missed. */
  forgetAll(): void {
    this.#recent.forget(() => true);
  }

  async #find(hash: Buffer): Promise<Verified | null> {
    const query = this.#parts.db
      .selectFrom('agent_tokens as token')
      .innerJoin('agents as agent', 'agent.id', 'token.agent_id')
      .innerJoin('user as owner', 'owner.id', 'agent.owner_id')
      .select(['token.id', 'token.token_hash', 'token.scopes', 'token.docs', 'token.expires_at'])
      .select(['agent.id as agentId', 'agent.name', 'agent.owner_id'])
      .where('token.token_hash', '=', hash)
      .where('token.revoked_at', 'is', null)
      .where('token.expires_at', '>', new Date(this.#parts.now()))
      .where(sql<boolean>`(owner.banned IS NOT TRUE OR owner."banExpires" <= now())`)
      .executeTakeFirst();
    const row = await deadline(query, DEADLINE_MS, 'looking up an agent token');
    if (row === undefined || !timingSafeEqual(row.token_hash, hash)) return null;
    const credential = {
      kind: 'agent-token',
      tokenId: row.id,
      agentId: row.agentId,
      ownerId: row.owner_id,
      // Written by this server alone, which checked them.
      scopes: row.scopes as Scope[],
      docs: row.docs as DocId[] | null,
    } as const;
    return {
      tokenId: row.id,
      agentId: row.agentId,
      ownerId: row.owner_id,
      expiresAtMs: row.expires_at.getTime(),
      principal: { id: principalId(`agent:${row.agentId}`), kind: 'agent', name: row.name, credential },
    };
  }
}

/** A secret of 256 random bits needs no slow hash: nobody guesses it. */
function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
