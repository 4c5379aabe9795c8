import type { KeyObject } from 'node:crypto';
import { type DocId, parseDocId, principalId } from '@kryton/engine/protocol/ids.ts';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { MEMBER_ID, MEMBER_NAME } from '../http/member.ts';
import type { Principal } from './principal.ts';
import type { SigningKeys } from './signing-keys.ts';

/** What a document token says, signed. */
export type DocumentTokenClaims = {
  /** The agent and its token that vouch for it. */
  readonly agentId: string;
  readonly tokenId: string;
  readonly docId: DocId;
  readonly role: 'viewer' | 'editor';
  /** Of a user of the team that the agent belongs to. */
  readonly userId: string;
  readonly name: string;
};

export type DocumentTokensParts = {
  readonly keys: Pick<SigningKeys, 'signing' | 'verifying'>;
  /** APP_URL. */
  readonly issuer: string;
  /** ms since 1970. */
  readonly now: () => number;
};

const ALGORITHM = 'EdDSA';
const AUDIENCE = 'kryton';
/** Of its own, so that no other JWT that these keys may sign one day can stand in for it (RFC 8725, 3.11). */
const TYPE = 'kryton-document+jwt';
const DAY_S = 86_400;
/** By how much the clocks of two nodes may differ. */
const SKEW_S = 60;
const ID = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const CLAIMS = z.object({
  sub: MEMBER_ID,
  name: MEMBER_NAME,
  doc: z.string().max(64),
  role: z.enum(['viewer', 'editor']),
  tid: ID,
  agent: ID,
  iat: z.number().int(),
  exp: z.number().int(),
});

/**
 * Tokens for people whom a team's own server vouches for: a JWT for one document, made by an agent token with the
 * scope `mint`, verified without asking anybody. Whether the agent token still vouches is for the access to say.
 */
export class DocumentTokens {
  readonly #parts: DocumentTokensParts;

  constructor(parts: DocumentTokensParts) {
    this.#parts = parts;
  }

  /** Rejects when there is no key to sign with, because the database does not answer. */
  async mint(
    claims: DocumentTokenClaims,
    expiresInSeconds: number,
  ): Promise<{ readonly token: string; readonly expiresAt: Date }> {
    const { kid, privateKey } = await this.#parts.keys.signing();
    const issuedAt = Math.floor(this.#parts.now() / 1_000);
    const expiresAt = issuedAt + expiresInSeconds;
    const { agentId, tokenId, docId, role, userId, name } = claims;
    const token = await new SignJWT({ name, doc: docId, role, tid: tokenId, agent: agentId })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE, kid })
      .setSubject(userId)
      .setIssuer(this.#parts.issuer)
      .setAudience(AUDIENCE)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(privateKey);
    return { token, expiresAt: new Date(expiresAt * 1_000) };
  }

  /**
   * The member that a token names; null when it is not ours, not in force, or for something else. Rejects when the
   * keys cannot be read.
   */
  async verify(token: string): Promise<Principal | null> {
    const claims = CLAIMS.safeParse(await this.#payload(token));
    if (!claims.success) return null;
    const { sub, name, doc, role, tid, agent, iat, exp } = claims.data;
    const docId = parseDocId(doc);
    const isOfLife = exp - iat <= DAY_S && iat <= this.#parts.now() / 1_000 + SKEW_S;
    if (docId === null || !isOfLife) return null;
    return this.memberOf({ agentId: agent, tokenId: tid, docId, role, userId: sub, name }, exp * 1_000);
  }

  /** Who comes with a token that says `claims`. `expiresAtMs` counts from 1970. */
  memberOf(
    { agentId, tokenId, docId, role, userId, name }: DocumentTokenClaims,
    expiresAtMs: number,
  ): Principal {
    return {
      id: principalId(`member:${agentId}:${userId}`),
      kind: 'member',
      name,
      credential: { kind: 'document-token', tokenId, docId, role, expiresAtMs },
    };
  }

  /** What a token says when it is signed, in force and meant for us; null otherwise. */
  async #payload(token: string): Promise<unknown> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#key(kid), {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: this.#parts.issuer,
        audience: AUDIENCE,
        requiredClaims: ['sub', 'iat', 'exp'],
        currentDate: new Date(this.#parts.now()),
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }

  async #key(kid: string | undefined): Promise<KeyObject> {
    const key = kid === undefined ? null : await this.#parts.keys.verifying(kid);
    if (key === null) throw new errors.JWKSNoMatchingKey();
    return key;
  }
}
