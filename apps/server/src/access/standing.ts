import type { Database } from '@kryton/engine/database/schema.ts';
import { type Kysely, sql } from 'kysely';
import type { Credential, Scope } from '../auth/principal.ts';
import type { Claim } from './access.ts';
import type { Role } from './role.ts';

/**
 * Where somebody stands with a document. `credential-ended`: session, token or account are over; it comes first, then
 * `deleted`. `unknown`: nobody ever created the document. `none`: it is there, and not for them.
 */
export type Standing = 'credential-ended' | 'deleted' | 'unknown' | 'none' | Role;

/** The letters in which the query answers. */
const LETTERS: Readonly<Record<string, Standing>> = {
  x: 'credential-ended',
  d: 'deleted',
  u: 'unknown',
  n: 'none',
  v: 'viewer',
  e: 'editor',
  o: 'owner',
};

const RANKS: Readonly<Record<Role, number>> = { viewer: 1, editor: 2, owner: 3 };

/** A claim as a row of the query: what was shown, and the rank that it allows at most. */
type Row = {
  readonly docId: string | null;
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly tokenId: string | null;
  readonly linkId: string | null;
  readonly cap: number;
};

/** Whether a credential is over by its own time, which nobody has to be asked for. `nowMs` counts from 1970. */
export function hasExpired(credential: Credential, nowMs: number): boolean {
  return credential.kind === 'document-token' && credential.expiresAtMs <= nowMs;
}

/** A text that is the same for claims of which one answer holds for all. */
export function keyOf({ principal, docId }: Claim): string {
  const { credential } = principal;
  switch (credential.kind) {
    case 'session':
      return `s ${credential.sessionId} ${credential.userId} ${docId}`;
    case 'agent-token':
      return `t ${credential.tokenId} ${docId}`;
    case 'document-token':
      // Two tokens of one minter may differ in anything; the cap and the time are of this one.
      return `m ${credential.tokenId} ${docId} ${credential.docId} ${credential.role} ${credential.expiresAtMs}`;
    case 'link':
      return `l ${credential.linkId} ${docId} ${credential.docId}`;
    case 'none':
      return '';
  }
}

/**
 * Looks up where each of `claims` stands, in one query however many they are. The answer is a letter each: 20,000 rows
 * would cost the event loop more than the database. `nowMs` counts from 1970.
 */
export async function readStandings(
  database: Kysely<Database>,
  claims: readonly Claim[],
  nowMs: number,
): Promise<Standing[]> {
  if (claims.length === 0) return [];
  const rows = claims.map((claim) => rowOf(claim, nowMs));
  const column = <Name extends keyof Row>(name: Name) => rows.map((row) => row[name]);
  const found = await sql<{ letters: string }>`
    SELECT string_agg(
      CASE
        WHEN NOT holds THEN 'x'
        WHEN doc_id IS NULL THEN 'v'
        WHEN is_deleted THEN 'd'
        WHEN is_deleted IS NULL THEN 'u'
        ELSE substr('nveo', 1 + least(cap, rank), 1)
      END, '' ORDER BY n) AS letters
    FROM (
      SELECT claim.n, claim.cap, claim.doc_id,
        CASE WHEN document.id IS NOT NULL THEN document.deleted_at IS NOT NULL END AS is_deleted,
        CASE
          WHEN claim.session_id IS NOT NULL THEN session.id IS NOT NULL AND account.id IS NOT NULL
          WHEN claim.token_id IS NOT NULL THEN token.id IS NOT NULL AND account.id IS NOT NULL
          ELSE claim.link_id IS NOT NULL
        END AS holds,
        CASE
          WHEN token.docs IS NOT NULL AND claim.doc_id <> ALL (token.docs) THEN 0
          WHEN session.id IS NOT NULL AND account.role = 'admin' AND NOT EXISTS (
            SELECT FROM document_grants WHERE doc_id = claim.doc_id AND role = 'owner') THEN 3
          ELSE greatest(${rankOf('own.role')}, ${rankOf('lent.role')}, ${rankOf('link.role')})
        END AS rank
      FROM unnest(${column('docId')}::text[], ${column('sessionId')}::text[], ${column('userId')}::text[],
          ${column('tokenId')}::text[], ${column('linkId')}::text[], ${column('cap')}::int[])
        WITH ORDINALITY AS claim (doc_id, session_id, user_id, token_id, link_id, cap, n)
      LEFT JOIN documents AS document ON document.id = claim.doc_id
      LEFT JOIN session ON session.id = claim.session_id AND session."userId" = claim.user_id
        AND session."expiresAt" > now()
      LEFT JOIN agent_tokens AS token ON token.id = claim.token_id AND token.revoked_at IS NULL
        AND token.expires_at > now()
      LEFT JOIN agents AS agent ON agent.id = token.agent_id
      LEFT JOIN "user" AS account ON account.id = coalesce(session."userId", agent.owner_id)
        AND (account.banned IS NOT TRUE OR account."banExpires" <= now())
      LEFT JOIN document_grants AS own ON own.doc_id = claim.doc_id AND own.principal_id = 'user:' || account.id
      LEFT JOIN document_grants AS lent ON lent.doc_id = claim.doc_id AND lent.principal_id = 'agent:' || agent.id
      LEFT JOIN document_links AS link ON link.doc_id = claim.doc_id AND link.link_id = claim.link_id
    ) AS looked_up
  `.execute(database);
  const letters = found.rows[0]?.letters ?? '';
  return claims.map((_claim, index) => LETTERS[letters[index] ?? ''] ?? 'none');
}

function rankOf(column: string): ReturnType<typeof sql<number>> {
  return sql<number>`CASE ${sql.ref(column)} WHEN 'owner' THEN 3 WHEN 'editor' THEN 2 WHEN 'viewer' THEN 1 ELSE 0 END`;
}

const NOTHING: Row = { docId: null, sessionId: null, userId: null, tokenId: null, linkId: null, cap: 0 };

function rowOf({ principal, docId }: Claim, nowMs: number): Row {
  const { credential } = principal;
  switch (credential.kind) {
    case 'session':
      return {
        ...NOTHING,
        docId,
        sessionId: credential.sessionId,
        userId: credential.userId,
        cap: RANKS.owner,
      };
    case 'agent-token':
      return { ...NOTHING, docId, tokenId: credential.tokenId, cap: rankOfScopes(credential.scopes) };
    case 'document-token': {
      if (hasExpired(credential, nowMs)) return { ...NOTHING, docId };
      const cap = credential.docId === docId ? RANKS[credential.role] : 0;
      return { ...NOTHING, docId, tokenId: credential.tokenId, cap };
    }
    case 'link':
      return {
        ...NOTHING,
        docId,
        linkId: credential.linkId,
        cap: credential.docId === docId ? RANKS.editor : 0,
      };
    case 'none':
      return { ...NOTHING, docId };
  }
}

/** An agent reads and writes; what only an owner does is never done by a program. */
function rankOfScopes(scopes: readonly Scope[]): number {
  if (scopes.includes('write')) return RANKS.editor;
  return scopes.includes('read') ? RANKS.viewer : 0;
}
