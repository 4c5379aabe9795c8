import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware, isAPIError } from 'better-auth/api';
import type { AuditEvent, AuditKind, AuditLog } from '../access/audit-log.ts';
import { SIGN_INS } from './auth-paths.ts';
import { addressOf } from './client-address.ts';
import type { SessionEnds } from './session-ends.ts';

/** What a request was about, as it is known once it was handled. */
type Handled = {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly returned: Readonly<Record<string, unknown>>;
  /** The status of the refusal; null when it was done. */
  readonly refused: number | null;
  /** The session that the request showed, where the path asks for one. */
  readonly shown: { readonly userId: string; readonly token: string } | null;
  /** The session that the request began, if it did. */
  readonly began: { readonly userId: string; readonly token: string } | null;
  readonly address: string | undefined;
};

const UNAUTHORIZED = [401, 403];
const FOUND = 302;

/**
 * Stands last among better-auth's plugins, so that it sees what the others made of a request (a session that still
 * waits for its second factor is none): it ends what has to end, and writes the audit log.
 */
export function accountEvents(ends: SessionEnds, audit: AuditLog): BetterAuthPlugin {
  const handler = createAuthMiddleware(async ({ path, body, headers, context }) => {
    const { returned, newSession, session } = context;
    const status = isAPIError(returned) ? returned.statusCode : null;
    const handled: Handled = {
      path,
      body: record(body),
      returned: record(returned),
      refused: status === FOUND ? null : status,
      shown: session && { userId: session.user.id, token: session.session.token },
      began: newSession && { userId: newSession.user.id, token: newSession.session.token },
      address: addressOf(headers),
    };
    if (handled.refused === null) await endWhatEnds(handled, ends);
    const event = eventOf(handled);
    if (event) audit.record({ ...event, address: handled.address });
  });
  return { id: 'kryton-account-events', hooks: { after: [{ matcher: () => true, handler }] } };
}

/** What better-auth leaves to its caller, or tells its hooks of a hundred sessions only. */
async function endWhatEnds({ path, body, shown, began }: Handled, ends: SessionEnds): Promise<void> {
  const target = text(body['userId']);
  switch (path) {
    case '/change-password':
    case '/revoke-other-sessions':
      // The one that asked goes on; after `revokeOtherSessions` in the body it has a new token.
      if (shown) await ends.endOthers(shown.userId, (began ?? shown).token);
      return;
    case '/revoke-sessions':
      if (shown) await ends.userChanged(shown.userId);
      return;
    case '/admin/set-user-password':
      await ends.endOthers(target, '');
      return;
    case '/admin/ban-user':
    case '/admin/revoke-user-sessions':
      await ends.userChanged(target);
      return;
    case '/admin/set-role':
    case '/admin/update-user':
      await ends.refresh(target);
      return;
  }
}

/** Whom it was done to is the user of the body, where there is one. */
function eventOf(handled: Handled): AuditEvent | null {
  const { path, body, returned, refused, shown, began } = handled;
  const method = SIGN_INS[path];
  const actor = shown ? `user:${shown.userId}` : undefined;
  const done = (kind: AuditKind, details: AuditEvent['details'] = {}): AuditEvent => {
    const target = text(body['userId']);
    return { kind, actor, subject: target === '' ? actor : `user:${target}`, details };
  };
  // With a session it is no sign-in: a code proves then that the second factor works.
  const isSignIn = method !== undefined && !(shown !== null && path.startsWith('/two-factor/'));
  if (refused !== null) {
    if (!isSignIn || !UNAUTHORIZED.includes(refused)) return null;
    return { kind: 'sign-in-failed', details: { method, email: text(body['email']) } };
  }
  switch (path) {
    case '/change-password':
    case '/admin/set-user-password':
      return done('password-changed');
    case '/revoke-sessions':
    case '/admin/revoke-user-sessions':
      return done('sign-out', { sessions: 'all' });
    case '/revoke-other-sessions':
      return done('sign-out', { sessions: 'others' });
    case '/passkey/verify-registration':
      return done('passkey-added', { passkey: text(returned['id']) });
    case '/passkey/delete-passkey':
      return done('passkey-removed', { passkey: text(body['id']) });
    case '/two-factor/disable':
      return done('two-factor-changed', { enabled: false });
    case '/two-factor/generate-backup-codes':
      return done('two-factor-changed', { codes: 'made anew' });
    case '/admin/ban-user':
      return done('user-disabled', { reason: text(body['banReason']) });
    case '/admin/unban-user':
      return done('user-enabled');
    case '/admin/set-role':
      return done('role-changed', { role: text(body['role']) });
    case '/admin/update-user':
      return updated(record(body['data']), done);
  }
  if (method === undefined || began === null) return null;
  if (!isSignIn) return done('two-factor-changed', { enabled: true });
  return { kind: 'sign-in', actor: `user:${began.userId}`, details: { method } };
}

function updated(
  data: Readonly<Record<string, unknown>>,
  done: (kind: AuditKind, details?: AuditEvent['details']) => AuditEvent,
): AuditEvent | null {
  if ('banned' in data) return done(data['banned'] === true ? 'user-disabled' : 'user-enabled');
  return 'role' in data ? done('role-changed', { role: text(data['role']) }) : null;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** At most as long as an address may be (RFC 5321): the log is no place to write novels into. */
function text(value: unknown): string {
  const joined = Array.isArray(value) ? value.join(',') : value;
  return typeof joined === 'string' ? joined.slice(0, 320) : '';
}
