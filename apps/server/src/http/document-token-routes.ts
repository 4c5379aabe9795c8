import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Access } from '../access/access.ts';
import type { AuditLog } from '../access/audit-log.ts';
import type { DocumentTokens } from '../auth/document-tokens.ts';
import type { SigningKeys } from '../auth/signing-keys.ts';
import type { ApiInstance } from './api.ts';
import { DOC_ID } from './document-id.ts';
import { ApiError, unavailable } from './errors.ts';
import { MEMBER_ID, MEMBER_NAME } from './member.ts';

export type DocumentTokenRoutesParts = {
  readonly documentTokens: Pick<DocumentTokens, 'mint' | 'memberOf'>;
  readonly access: Pick<Access, 'roleOn'>;
  readonly audit: AuditLog;
  /** ms since 1970. */
  readonly now: () => number;
};

const NEW = z.object({
  userId: MEMBER_ID.describe('As your own server knows them'),
  name: MEMBER_NAME.describe('Shown to others in the document'),
  role: z.enum(['viewer', 'editor']),
  expiresInSeconds: z.number().int().min(60).max(86_400),
});
const MINTED = z.object({ token: z.string(), expiresAt: z.iso.datetime() });

/** Verifiers may keep the keys this long; one that meets a key it does not know asks again. */
const JWKS_MAX_AGE_S = 300;

/** `POST /api/docs/:docId/tokens`: an agent lets a person in whom only its own team knows. */
export function documentTokenRoutes(parts: DocumentTokenRoutesParts): (api: ApiInstance) => void {
  const { documentTokens, access, audit, now } = parts;
  return (api) => {
    api.post(
      '/api/docs/:docId/tokens',
      {
        schema: {
          summary: 'Make a document token for a person of your own',
          description:
            'Needs an agent token with the scope `mint`, on a document where it has the role asked for.',
          tags: ['agents'],
          params: z.object({ docId: DOC_ID }),
          body: NEW,
          response: { 201: MINTED },
        },
      },
      async ({ principal, params: { docId }, body, ip }, reply) => {
        const { credential } = principal;
        if (credential.kind !== 'agent-token' || !credential.scopes.includes('mint')) {
          throw new ApiError('forbidden');
        }
        const { agentId, tokenId } = credential;
        const { expiresInSeconds, ...person } = body;
        const claims = { ...person, docId, agentId, tokenId };
        // Asked for the one who would come with the token: that is what it must be good for.
        const member = documentTokens.memberOf(claims, now() + expiresInSeconds * 1_000);
        const role = await access.roleOn(member, docId).catch((error) => Promise.reject(unavailable(error)));
        if (role === null) throw new ApiError('notFound');
        if (role !== body.role) throw new ApiError('forbidden');
        const { token, expiresAt } = await documentTokens
          .mint(claims, expiresInSeconds)
          .catch((error) => Promise.reject(unavailable(error)));
        audit.record({
          kind: 'document-token-minted',
          actor: principal.id,
          subject: member.id,
          docId,
          address: ip,
          details: { tokenId, role, expiresAt: expiresAt.toISOString() },
        });
        return await reply.code(201).send({ token, expiresAt: expiresAt.toISOString() });
      },
    );
  };
}

/** `GET /.well-known/jwks.json`, for everybody: the public keys that document tokens are verified with. */
export function registerJwksRoute(app: FastifyInstance, keys: Pick<SigningKeys, 'jwks'>): void {
  app.get('/.well-known/jwks.json', async (_request, reply) => {
    const found = await keys.jwks().catch((error) => Promise.reject(unavailable(error)));
    return await reply
      .header('cache-control', `public, max-age=${JWKS_MAX_AGE_S}`)
      .type('application/jwk-set+json')
      .send(JSON.stringify({ keys: found }));
  });
}
