import { z } from 'zod';
import type { AuditTrail } from '../access/audit-trail.ts';
import { adminOnly, type IsAdmin } from './admin-only.ts';
import type { ApiInstance } from './api.ts';

export type AuditRoutesParts = {
  readonly trail: Pick<AuditTrail, 'read'>;
  readonly isAdmin: IsAdmin;
};

const QUERY = z.object({
  kind: z
    .string()
    .regex(/^[a-z-]{1,40}$/)
    .optional()
    .describe('Of one kind only, like sign-in-failed or grant-changed'),
  docId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .optional()
    .describe('About one document only'),
  before: z
    .string()
    .regex(/^\d{1,15}$/)
    .optional()
    .describe('`nextBefore` of the page before'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const EVENTS = z.object({
  events: z.array(
    z.object({
      id: z.string(),
      at: z.iso.datetime(),
      kind: z.string(),
      actor: z.string().nullable().describe('The principal that did it; null where nobody is known'),
      subject: z.string().nullable().describe('Whom or what it was done to'),
      docId: z.string().nullable(),
      address: z.string().nullable(),
      node: z.string(),
      details: z.record(z.string(), z.unknown()),
    }),
  ),
  nextBefore: z.string().nullable().describe('Null on the last page'),
});

/** `GET /api/admin/audit`: what happened that touches security, for an admin. */
export function auditRoutes({ trail, isAdmin }: AuditRoutesParts): (api: ApiInstance) => void {
  return (api) => {
    api.get(
      '/api/admin/audit',
      {
        preValidation: adminOnly(isAdmin),
        schema: {
          summary: 'What happened that touches security, the newest first',
          tags: ['administration'],
          querystring: QUERY,
          response: { 200: EVENTS },
        },
      },
      async ({ query: { before, ...query } }) => {
        const events = await trail.read({
          ...query,
          before: before === undefined ? undefined : Number(before),
        });
        const last = events.length === query.limit ? events.at(-1) : undefined;
        return {
          events: events.map((event) => ({ ...event, id: String(event.id), at: event.at.toISOString() })),
          nextBefore: last ? String(last.id) : null,
        };
      },
    );
  };
}
