import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuditLog } from '../access/audit-log.ts';
import type { Invitations } from '../auth/invitations.ts';
import type { Users } from '../auth/users.ts';
import type { ApiInstance } from './api.ts';
import { ApiError } from './errors.ts';

export type InvitationRoutesParts = {
  readonly invitations: Pick<Invitations, 'create' | 'list' | 'delete'>;
  readonly users: Pick<Users, 'isAdmin'>;
  readonly audit: AuditLog;
};

const WEEK_S = 7 * 86_400;

const NEW = z.object({
  email: z
    .email()
    .max(320)
    .optional()
    .describe('Only this address may use it; it may also sign up by a provider'),
  expiresInSeconds: z
    .number()
    .int()
    .min(60)
    .max(4 * WEEK_S)
    .default(WEEK_S),
});
const CREATED = z.object({
  id: z.string(),
  code: z.string().describe('Shown once'),
  url: z.string().describe('Opens the page with the code in its fragment'),
  expiresAt: z.iso.datetime(),
});
const INVITATION = z.object({
  id: z.string(),
  email: z.string().nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  usedAt: z.iso.datetime().nullable(),
});
const ID = z.object({ id: z.string().regex(/^[\w-]{1,64}$/) });
const tags = ['accounts'];

/** `/api/invitations`: an admin invites people to sign up, and takes invitations back. */
export function invitationRoutes({
  invitations,
  users,
  audit,
}: InvitationRoutesParts): (api: ApiInstance) => void {
  const expectAdmin = async ({ principal }: FastifyRequest) => {
    if (!(await users.isAdmin(principal))) throw new ApiError('forbidden');
  };
  return (api) => {
    api.post(
      '/api/invitations',
      {
        preValidation: expectAdmin,
        schema: { summary: 'Invite somebody', tags, body: NEW, response: { 201: CREATED } },
      },
      async ({ body, principal, ip }, reply) => {
        const made = await invitations.create({ ...body, createdBy: principal.id });
        audit.record({
          kind: 'invitation-created',
          actor: principal.id,
          subject: made.id,
          address: ip,
          details: { email: body.email ?? null },
        });
        return await reply.code(201).send({ ...made, expiresAt: made.expiresAt.toISOString() });
      },
    );
    api.get(
      '/api/invitations',
      {
        preValidation: expectAdmin,
        schema: {
          summary: 'The newest invitations',
          tags,
          response: { 200: z.object({ invitations: z.array(INVITATION) }) },
        },
      },
      async () => ({
        invitations: (await invitations.list()).map(({ id, email, createdAt, expiresAt, usedAt }) => ({
          id,
          email,
          createdAt: createdAt.toISOString(),
          expiresAt: expiresAt.toISOString(),
          usedAt: usedAt?.toISOString() ?? null,
        })),
      }),
    );
    api.delete(
      '/api/invitations/:id',
      {
        preValidation: expectAdmin,
        schema: { summary: 'Take an invitation back', tags, params: ID, response: { 204: z.null() } },
      },
      async ({ params }, reply) => {
        if (!(await invitations.delete(params.id))) throw new ApiError('notFound');
        return await reply.code(204).send(null);
      },
    );
  };
}
