import { z } from 'zod';
import type { Agent, Agents, AgentToken } from '../auth/agents.ts';
import type { IssuedTokens } from '../auth/issued-tokens.ts';
import type { ApiInstance } from './api.ts';
import { DOC_ID } from './document-id.ts';
import { ONE_LINE } from './one-line.ts';
import { signedInUser } from './signed-in.ts';

export type AgentRoutesParts = {
  readonly agents: Pick<Agents, 'create' | 'list' | 'delete'>;
  readonly tokens: Pick<IssuedTokens, 'issue' | 'revoke'>;
};

const YEAR_S = 31_536_000;
const MAX_DOCS = 100;

const ID = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const NAME = z.string().trim().min(1).max(100).check(ONE_LINE);
const SCOPES = z.array(z.enum(['read', 'write', 'mint']));
const AGENT = z.object({ id: ID, name: z.string(), createdAt: z.iso.datetime() });
const TOKEN = z.object({
  id: ID,
  name: z.string(),
  scopes: SCOPES,
  docs: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable().describe('To the minute'),
  revokedAt: z.iso.datetime().nullable(),
});
const NEW_TOKEN = z.object({
  name: NAME,
  scopes: SCOPES.min(1)
    .max(3)
    .describe('`read` and `write` documents; `mint` document tokens for people of your own'),
  docs: z
    .array(DOC_ID)
    .min(1)
    .max(MAX_DOCS)
    .optional()
    .describe('The documents it is good for; all that the agent or its owner can reach unless given'),
  expiresInSeconds: z.number().int().min(60).max(YEAR_S),
});
const ISSUED = z.object({
  id: ID,
  token: z.string().describe('Shown once'),
  expiresAt: z.iso.datetime(),
});

const tags = ['agents'];

/** `/api/agents`: programs of a signed-in user, and their tokens. */
export function agentRoutes({ agents, tokens }: AgentRoutesParts): (api: ApiInstance) => void {
  return (api) => {
    api.post(
      '/api/agents',
      {
        schema: {
          summary: 'Create an agent',
          tags,
          body: z.object({ name: NAME }),
          response: { 201: AGENT },
        },
      },
      async (request, reply) => {
        const agent = await agents.create(signedInUser(request), request.body.name);
        return await reply.code(201).send(agentOf(agent));
      },
    );

    api.get(
      '/api/agents',
      {
        schema: {
          summary: 'Your agents and their tokens',
          tags,
          response: { 200: z.object({ agents: z.array(AGENT.extend({ tokens: z.array(TOKEN) })) }) },
        },
      },
      async (request) => {
        const list = await agents.list(signedInUser(request).userId);
        return { agents: list.map((agent) => ({ ...agentOf(agent), tokens: agent.tokens.map(tokenOf) })) };
      },
    );

    api.delete(
      '/api/agents/:id',
      {
        schema: {
          summary: 'Delete an agent: its tokens and the document tokens that they minted end',
          tags,
          params: z.object({ id: ID }),
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        await agents.delete(signedInUser(request), request.params.id);
        return await reply.code(204).send(null);
      },
    );

    api.post(
      '/api/agents/:id/tokens',
      {
        schema: {
          summary: 'Make a token for an agent',
          tags,
          params: z.object({ id: ID }),
          body: NEW_TOKEN,
          response: { 201: ISSUED },
        },
      },
      async (request, reply) => {
        const owner = signedInUser(request);
        const { name, scopes, docs, expiresInSeconds } = request.body;
        const issued = await tokens.issue(owner, request.params.id, {
          name,
          scopes: [...new Set(scopes)],
          docs: docs ? [...new Set(docs)] : null,
          expiresInSeconds,
        });
        return await reply.code(201).send({ ...issued, expiresAt: issued.expiresAt.toISOString() });
      },
    );

    api.delete(
      '/api/agents/:id/tokens/:tokenId',
      {
        schema: {
          summary: 'Revoke a token',
          tags,
          params: z.object({ id: ID, tokenId: ID }),
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        await tokens.revoke(signedInUser(request), request.params.id, request.params.tokenId);
        return await reply.code(204).send(null);
      },
    );
  };
}

function agentOf({ id, name, createdAt }: Agent): z.infer<typeof AGENT> {
  return { id, name, createdAt: createdAt.toISOString() };
}

function tokenOf({ scopes, docs, ...token }: AgentToken): z.infer<typeof TOKEN> {
  return {
    ...token,
    scopes: [...scopes],
    docs: docs && [...docs],
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt.toISOString(),
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    revokedAt: token.revokedAt?.toISOString() ?? null,
  };
}
