import type { FastifyBaseLogger } from 'fastify';
import type { AuditLog } from './audit-log.ts';

/** Writes events of the audit log to the log of the process. */
export function loggedAudit(logger: Pick<FastifyBaseLogger, 'info'>): AuditLog {
  return { record: (event) => logger.info({ audit: event }, event.kind) };
}
