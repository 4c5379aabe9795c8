import type { Database } from '@kryton/engine/database/schema.ts';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Kick } from '../access/kick.ts';
import type { SessionCookie } from './session-cookie.ts';

/** Whose session it is that a request shows. */
export type SignedIn = {
  readonly sessionId: string;
  readonly userId: string;
  readonly name: string;
  /** Of a guest: a made-up one. */
  readonly email: string;
  readonly kind: 'user' | 'guest';
  readonly isAdmin: boolean;
};

export type SessionReaderParts = {
  readonly cookie: SessionCookie;
  readonly sessions: Pick<SessionStorage, 'get'>;
  readonly db: Kysely<Database>;
  /** ms since 1970. */
  readonly now: () => number;
};

/** What is kept of a session, by its token. */
type Kept = { readonly signedIn: SignedIn; readonly expiresAtMs: number; readonly keptUntilMs: number };
type Found = Omit<Kept, 'keptUntilMs'>;

/** A page that opens asks for a handful of things at once; a kick that was lost must not matter for long. */
const KEEP_MS = 3_000;
const MAX_KEPT = 5_000;
/** Reading again because something ended meanwhile. */
const MAX_READS = 3;

const time = z.coerce.date();
/** What better-auth stores under the token (`createSession` of its internal adapter); only what is needed here. */
const STORED = z.object({
  session: z.object({ id: z.string(), userId: z.string(), expiresAt: time, createdAt: time }),
  user: z.object({
    name: z.string(),
    email: z.string(),
    role: z.string().nullish(),
    banned: z.boolean().nullish(),
    banExpires: time.nullish(),
    isAnonymous: z.boolean().nullish(),
  }),
});
type Stored = z.infer<typeof STORED>;

/**
 * Reads the session that a cookie stands for, as better-auth's `getSession` does, at a fraction of its cost: every
 * upgrade and every request of the API goes through here. It never extends a session; `/api/auth/get-session` does.
 */
export class SessionReader {
  readonly #parts: SessionReaderParts;
  readonly #kept = new Map<string, Kept>();
  readonly #reading = new Map<string, Promise<Found | null>>();
  /** Counts what was forgotten: a read that was under way meanwhile may have seen what was before. */
  #forgotten = 0;

  constructor(parts: SessionReaderParts) {
    this.#parts = parts;
  }

  /**
   * Null when the header holds no session of ours that goes on and whose user may sign in. Rejects when neither the
   * session storage nor the database answers.
   */
  async read(cookieHeader: string): Promise<SignedIn | null> {
    const token = this.#parts.cookie.token(cookieHeader);
    if (token === null) return null;
    const kept = this.#kept.get(token);
    const now = this.#parts.now();
    const found = kept && kept.keptUntilMs > now ? kept : await this.#readOnce(token);
    return found && found.expiresAtMs > this.#parts.now() ? found.signedIn : null;
  }

  /** What is known of whom the kick concerns is read anew. */
  forget(kick: Kick): void {
    if (kick.kind !== 'session' && kick.kind !== 'user') return;
    this.#forgotten += 1;
    this.#reading.clear();
    for (const [token, { signedIn }] of this.#kept) {
      const isMeant =
        kick.kind === 'session' ? signedIn.sessionId === kick.sessionId : signedIn.userId === kick.userId;
      if (isMeant) this.#kept.delete(token);
    }
  }

  /** Everything is read anew: kicks may have been missed. */
  forgetAll(): void {
    this.#forgotten += 1;
    this.#reading.clear();
    this.#kept.clear();
  }

  /** Those who ask for the same at the same time wait for one read. */
  #readOnce(token: string): Promise<Found | null> {
    const underWay = this.#reading.get(token);
    if (underWay !== undefined) return underWay;
    const read = this.#readAndKeep(token).finally(() => {
      if (this.#reading.get(token) === read) this.#reading.delete(token);
    });
    this.#reading.set(token, read);
    return read;
  }

  async #readAndKeep(token: string): Promise<Found | null> {
    for (let reads = 1; ; reads += 1) {
      const before = this.#forgotten;
      const found = await this.#find(token);
      if (found === null || before === this.#forgotten) return found && this.#keep(token, found);
      if (reads === MAX_READS) return found;
    }
  }

  #keep(token: string, found: Found): Kept {
    const kept = { ...found, keptUntilMs: this.#parts.now() + KEEP_MS };
    // Taken out first, so that the order of the map is by age.
    this.#kept.delete(token);
    const oldest = this.#kept.size >= MAX_KEPT ? this.#kept.keys().next().value : undefined;
    if (oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(token, kept);
    return kept;
  }

  async #find(token: string): Promise<Found | null> {
    const copy = await this.#parts.sessions.get(token).catch(() => null);
    const stored = (copy === null ? null : parse(copy)) ?? (await this.#row(token));
    if (stored === null || isBanned(stored.user, this.#parts.now())) return null;
    const { session, user } = stored;
    if (copy !== null && (await this.#wasRevoked(session))) return null;
    return {
      expiresAtMs: session.expiresAt.getTime(),
      signedIn: {
        sessionId: session.id,
        userId: session.userId,
        name: user.name,
        email: user.email,
        kind: user.isAnonymous ? 'guest' : 'user',
        isAdmin: isAdminRole(user.role),
      },
    };
  }

  /**
   * better-auth's note that all sessions of a user ended at some time. Copies in the storage may outlive that: its
   * list of a user's sessions loses one when two begin at once.
   */
  async #wasRevoked({ userId, createdAt }: Stored['session']): Promise<boolean> {
    const before = Number(await this.#parts.sessions.get(`revoked-sessions-before-${userId}`));
    return createdAt.getTime() < before;
  }

  async #row(token: string): Promise<Stored | null> {
    const row = await this.#parts.db
      .selectFrom('session')
      .innerJoin('user', 'user.id', 'session.userId')
      .select(['session.id', 'session.userId', 'session.expiresAt', 'session.createdAt'])
      .select(['user.name', 'user.email', 'user.role', 'user.banned', 'user.banExpires', 'user.isAnonymous'])
      .where('session.token', '=', token)
      .executeTakeFirst();
    return row ? { session: row, user: row } : null;
  }
}

/** better-auth keeps several roles as one text, separated by commas. */
export function isAdminRole(role: string | null | undefined): boolean {
  return role?.split(',').includes('admin') ?? false;
}

function isBanned({ banned, banExpires }: Stored['user'], now: number): boolean {
  return banned === true && (banExpires == null || banExpires.getTime() > now);
}

function parse(copy: string): Stored | null {
  try {
    return STORED.parse(JSON.parse(copy));
  } catch {
    return null;
  }
}
