import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Document } from '../access/document.ts';
import type { Actor, Documents } from '../access/documents.ts';
import type { ApiInstance } from './api.ts';
import { DOC_ID } from './document-id.ts';
import { ONE_LINE } from './one-line.ts';

export const DOC_PARAMS = z.object({ docId: DOC_ID });
export const ROLE = z.enum(['viewer', 'editor', 'owner']);

const MAX_TITLE = 200;
const MAX_PAGE = 200;

const TITLE = z.string().trim().max(MAX_TITLE).check(ONE_LINE).describe('One line; may be empty');
const DOCUMENT = z.object({
  id: z.string(),
  title: z.string(),
  role: ROLE.describe('Yours'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime().describe('Last renamed, or edited; an edit shows within half a minute'),
});
const NEW = z.object({
  id: DOC_ID.optional().describe('A random one unless given; an id is never used twice'),
  title: TITLE.default(''),
});
const PAGE = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  cursor: z.string().max(200).optional().describe('`nextCursor` of the page before'),
});
const LIST = z.object({
  documents: z.array(DOCUMENT).describe('The latest first; may be fewer than asked for'),
  nextCursor: z.string().nullable().describe('Null on the last page'),
});

const tags = ['documents'];

/** `/api/docs`: documents as things that people make, name and delete. */
export function documentRoutes(
  documents: Pick<Documents, 'create' | 'list' | 'get' | 'retitle' | 'delete'>,
): (api: ApiInstance) => void {
  return (api) => {
    api.post(
      '/api/docs',
      {
        schema: {
          summary: 'Create a document',
          description:
            'You own it; what an agent creates, its owner owns. 409 for an id that is or was taken.',
          tags,
          body: NEW,
          response: { 201: DOCUMENT },
        },
      },
      async (request, reply) => {
        const { id, title } = request.body;
        return reply.code(201).send(shown(await documents.create(actorOf(request), id, title)));
      },
    );

    api.get(
      '/api/docs',
      {
        schema: {
          summary: 'List the documents you may open',
          tags,
          querystring: PAGE,
          response: { 200: LIST },
        },
      },
      async ({ principal, query }) => {
        const page = await documents.list(principal, query);
        return { documents: page.documents.map(shown), nextCursor: page.nextCursor };
      },
    );

    api.get(
      '/api/docs/:docId',
      { schema: { summary: 'Read about a document', tags, params: DOC_PARAMS, response: { 200: DOCUMENT } } },
      async ({ principal, params }) => shown(await documents.get(principal, params.docId)),
    );

    api.patch(
      '/api/docs/:docId',
      {
        schema: {
          summary: 'Rename a document',
          description: 'For editors.',
          tags,
          params: DOC_PARAMS,
          body: z.object({ title: TITLE }),
          response: { 200: DOCUMENT },
        },
      },
      async ({ principal, params, body }) =>
        shown(await documents.retitle(principal, params.docId, body.title)),
    );

    api.delete(
      '/api/docs/:docId',
      {
        schema: {
          summary: 'Delete a document',
          description:
            'For owners: with everything of it, for good. Whoever has it open is sent away (4404).',
          tags,
          params: DOC_PARAMS,
          response: { 204: z.null() },
        },
      },
      async (request, reply) => {
        await documents.delete(actorOf(request), request.params.docId);
        return reply.code(204).send(null);
      },
    );
  };
}

/** Who does something, and from where, as the audit log will say. */
export function actorOf({ principal, ip }: Pick<FastifyRequest, 'principal' | 'ip'>): Actor {
  return { principal, address: ip };
}

function shown({ id, title, role, createdAt, updatedAt }: Document): z.input<typeof DOCUMENT> {
  return { id, title, role, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
}
