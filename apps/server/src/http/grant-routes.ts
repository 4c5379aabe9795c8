import { z } from 'zod';
import type { Grants } from '../access/grants.ts';
import type { ApiInstance } from './api.ts';
import { actorOf, DOC_PARAMS, ROLE } from './document-routes.ts';

const LINK_ROLE = z.enum(['viewer', 'editor']);
const TARGET_PARAMS = DOC_PARAMS.extend({
  principalId: z
    .string()
    .min(1)
    .max(400)
    .describe('`user:<id>`, `agent:<id>`, `email:<address>` of an account, or `link`: anyone with the link'),
});
const GRANTS = z.object({
  grants: z.array(
    z.object({
      principalId: z.string(),
      kind: z.enum(['user', 'agent']),
      name: z.string(),
      email: z.string().nullable(),
      role: ROLE,
      createdAt: z.iso.datetime(),
    }),
  ),
  link: z
    .object({ role: LINK_ROLE, token: z.string(), createdAt: z.iso.datetime() })
    .nullable()
    .describe('Null where there is none'),
});
const ANSWER = z.object({
  principalId: z.string(),
  role: ROLE,
  token: z.string().optional().describe('Of the link: `kryton-token` and bearer for whoever has it'),
});

const tags = ['grants'];

/** `/api/docs/:docId/grants`: who may do what with a document. */
export function grantRoutes(grants: Pick<Grants, 'list' | 'set' | 'remove'>): (api: ApiInstance) => void {
  return (api) => {
    api.get(
      '/api/docs/:docId/grants',
      {
        schema: {
          summary: 'List who may do what',
          description: 'For owners.',
          tags,
          params: DOC_PARAMS,
          response: { 200: GRANTS },
        },
      },
      async ({ principal, params }) => {
        const found = await grants.list(principal, params.docId);
        return {
          grants: found.grants.map((grant) => ({ ...grant, createdAt: grant.createdAt.toISOString() })),
          link: found.link && { ...found.link, createdAt: found.link.createdAt.toISOString() },
        };
      },
    );

    api.put(
      '/api/docs/:docId/grants/:principalId',
      {
        schema: {
          summary: 'Grant a role',
          description:
            'For owners. It counts at once, for those who have the document open too. A second link replaces nothing: the link stays and its role changes. 409 for the last owner.',
          tags,
          params: TARGET_PARAMS,
          body: z.object({ role: ROLE.describe('Agents and links can be `viewer` or `editor`') }),
          response: { 200: ANSWER },
        },
      },
      async (request) => {
        const { docId, principalId } = request.params;
        return await grants.set(actorOf(request), docId, principalId, request.body.role);
      },
    );

    api.delete(
      '/api/docs/:docId/grants/:principalId',
      {
        schema: {
          summary: 'Remove a grant or the link',
          description: 'For owners, and for whoever leaves. 409 for the last owner.',
          tags,
          params: TARGET_PARAMS,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        const { docId, principalId } = request.params;
        await grants.remove(actorOf(request), docId, principalId);
        return reply.code(204).send(null);
      },
    );
  };
}
