import { createHash } from 'node:crypto';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import type { BetterAuthPlugin } from 'better-auth';
import { createAuthMiddleware, getSessionFromCtx } from 'better-auth/api';

/** better-auth's name of the cookie that stands for a sign-in whose second factor is asked for. */
const CHALLENGE_COOKIE = 'two_factor';
/** As long as that cookie is good for. */
const CHALLENGE_S = 600;
const ANSWERS = new Set(['/two-factor/verify-totp', '/two-factor/verify-backup-code']);

/**
 * A guest who signs in to an account with a second factor: better-auth moves what a guest has at the moment of the
 * sign-in only, and has taken the guest's cookie away when the second factor comes. So it is remembered in between.
 */
export function challengedGuests(
  sessions: Pick<SessionStorage, 'set' | 'getAndDelete'>,
  onUpgrade: (guestId: string, userId: string) => Promise<void>,
): BetterAuthPlugin {
  const challenged = createAuthMiddleware(async (ctx) => {
    const { name } = ctx.context.createAuthCookie(CHALLENGE_COOKIE);
    const challenge = setCookie(ctx.context.responseHeaders, name);
    if (challenge === null) return;
    const shown = await getSessionFromCtx(ctx, { disableRefresh: true });
    if (shown?.user['isAnonymous'] !== true) return;
    await sessions.set(keyOf(challenge), shown.user.id, CHALLENGE_S);
  });
  const answered = createAuthMiddleware(async (ctx) => {
    const { createAuthCookie, newSession, internalAdapter } = ctx.context;
    const challenge = ctx.getCookie(createAuthCookie(CHALLENGE_COOKIE).name);
    if (!newSession || !challenge) return;
    const guestId = await sessions.getAndDelete(keyOf(challenge));
    if (guestId === null) return;
    await onUpgrade(guestId, newSession.user.id);
    await internalAdapter.deleteUser(guestId);
  });
  return {
    id: 'kryton-challenged-guests',
    hooks: {
      after: [
        { matcher: ({ path }) => path === '/sign-in/email', handler: challenged },
        { matcher: ({ path }) => ANSWERS.has(path ?? ''), handler: answered },
      ],
    },
  };
}

/** The cookie stands for the sign-in, so it is not kept as it is. */
function keyOf(challenge: string): string {
  return `challenged-guest:${createHash('sha256').update(challenge).digest('base64url')}`;
}

/** The value of a cookie that this answer sets, decoded. */
function setCookie(headers: Headers | undefined, name: string): string | null {
  const line = headers?.getSetCookie().find((each) => each.startsWith(`${name}=`));
  const value = line?.slice(name.length + 1).split(';', 1)[0] ?? '';
  return value === '' ? null : decodeURIComponent(value);
}
