import type { BetterAuthOptions } from 'better-auth';
import { APIError } from 'better-auth/api';
import type { AuditLog } from '../access/audit-log.ts';
import { addressOf } from './client-address.ts';
import { removeGrants } from './guest-upgrade.ts';
import type { JoinedTransactions } from './joined-transactions.ts';
import type { Registration, Way } from './registration.ts';
import type { SessionEnds } from './session-ends.ts';
import type { SessionReader } from './session-reader.ts';

export type AccountHooksParts = {
  readonly transactions: JoinedTransactions;
  readonly registration: Registration;
  readonly ends: SessionEnds;
  readonly reader: Pick<SessionReader, 'forget'>;
  readonly audit: AuditLog;
};

type Hooks = NonNullable<BetterAuthOptions['databaseHooks']>;

const MAX_NAME = 100;
const MAX_IMAGE = 2_048;
/** Control characters, and those that turn the direction of the text after them around. */
const NOT_IN_NAMES = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu;
/** By which a single session is ended on purpose. */
const SIGN_OUTS = new Set(['/sign-out', '/revoke-session', '/admin/revoke-user-session']);

/** What must happen whenever better-auth stores a user or ends a session, by whichever way. */
export function accountHooks(parts: AccountHooksParts): Hooks {
  const { transactions, registration, ends, reader, audit } = parts;
  return {
    user: {
      create: {
        async before(user, context) {
          const id = newId(context);
          const name = cleanName(user.name) || user.email.slice(0, user.email.indexOf('@'));
          const data = { ...user, id, name, image: cleanImage(user.image) };
          if (context?.path === '/sign-in/anonymous') return { data };
          const role = await registration.admit({ ...user, id }, wayOf(context));
          return { data: context?.path === '/admin/create-user' ? data : { ...data, role } };
        },
        async after(user, context) {
          audit.record({
            kind: 'sign-up',
            actor: actorOf(context) ?? `user:${user.id}`,
            subject: `user:${user.id}`,
            address: addressOf(context?.headers),
            details: { email: user.email, path: context?.path ?? '' },
          });
        },
      },
      update: {
        async before(changes) {
          const { name, image } = changes;
          if (name === undefined && image === undefined) return;
          const cleaned = name === undefined ? {} : { name: expectName(name) };
          return { data: { ...cleaned, ...(image === undefined ? {} : { image: cleanImage(image) }) } };
        },
        async after(user) {
          reader.forget({ kind: 'user', userId: user.id });
        },
      },
      delete: {
        async after(user, context) {
          await removeGrants(transactions.current, user.id);
          await ends.userChanged(user.id);
          audit.record({
            kind: 'user-deleted',
            actor: actorOf(context),
            subject: `user:${user.id}`,
            address: addressOf(context?.headers),
            details: { email: user.email },
          });
        },
      },
    },
    session: {
      delete: {
        async after(session, context) {
          await ends.ended(session);
          if (!SIGN_OUTS.has(context?.path ?? '')) return;
          const subject = `user:${session.userId}`;
          audit.record({
            kind: 'sign-out',
            actor: actorOf(context) ?? subject,
            subject,
            address: addressOf(context?.headers),
            details: { session: session.id },
          });
        },
      },
    },
  };
}

type Context = Parameters<NonNullable<NonNullable<NonNullable<Hooks['user']>['create']>['before']>>[1];

/** The principal whose session the request shows, where the path asks for one. */
function actorOf(context: Context | undefined): string | undefined {
  const userId = context?.context.session?.user.id;
  return userId === undefined ? undefined : `user:${userId}`;
}

/** Known before the user is stored, so that an invitation can say in the same transaction who used it. */
function newId(context: Context): string {
  const id = context?.context.generateId({ model: 'user' });
  if (typeof id === 'string') return id;
  throw new TypeError('better-auth makes no ids for users');
}

/** By the path, never by what was sent: a form may hold any field. */
function wayOf(context: Context): Way {
  switch (context?.path) {
    case '/sign-up/email':
      return { kind: 'form', invitation: invitationIn(context.body) };
    case '/callback/:id':
    case '/sign-in/social':
      return { kind: 'provider' };
    case '/admin/create-user':
      return { kind: 'admin' };
    default:
      throw new APIError('FORBIDDEN', {
        code: 'SIGN_UP_NOT_ALLOWED',
        message: 'No account is made this way',
      });
  }
}

/** The code of an invitation in the body of a sign-up. */
export function invitationIn(body: unknown): string | null {
  const isObject = typeof body === 'object' && body !== null && 'invitation' in body;
  return isObject && typeof body.invitation === 'string' ? body.invitation : null;
}

function cleanName(name: unknown): string {
  if (typeof name !== 'string') return '';
  const characters = [...name.replaceAll(NOT_IN_NAMES, '').trim()];
  return characters.slice(0, MAX_NAME).join('').trim();
}

function expectName(name: unknown): string {
  const cleaned = cleanName(name);
  if (cleaned !== '') return cleaned;
  throw new APIError('BAD_REQUEST', { code: 'NAME_NEEDED', message: 'A name is 1 to 100 characters long' });
}

/** Pictures come from providers; anything but a short https address is dropped. */
function cleanImage(image: unknown): string | null {
  if (typeof image !== 'string' || image.length > MAX_IMAGE) return null;
  return URL.canParse(image) && new URL(image).protocol === 'https:' ? image : null;
}
