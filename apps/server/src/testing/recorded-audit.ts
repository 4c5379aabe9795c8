import type { AuditEvent, AuditLog } from '../access/audit-log.ts';

/** An audit log that a test can look into. */
export function recordedAudit(): AuditLog & { readonly events: AuditEvent[] } {
  const events: AuditEvent[] = [];
  return { events, record: (event) => void events.push(event) };
}
