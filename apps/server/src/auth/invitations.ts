import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import type { Kysely } from 'kysely';

/** An invitation as an admin sees it: its code is shown once and not kept. */
export type Invitation = {
  readonly id: string;
  /** Only this address may use it; null for whoever has the code. */
  readonly email: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
};

export type NewInvitation = {
  readonly email?: string | undefined;
  readonly expiresInSeconds: number;
  /** The user who invites. */
  readonly createdBy: string;
};

export type InvitationsParts = {
  readonly db: Kysely<Database>;
  /** Where people open the app. */
  readonly appUrl: string;
  /** ms since 1970. */
  readonly now: () => number;
};

const CODE_BYTES = 24;
const ID_BYTES = 12;
/** The newest; older ones are used up or expired. */
const LISTED = 200;

/** Invitations to sign up, each good for one account. Codes are stored hashed (ACC4). */
export class Invitations {
  readonly #parts: InvitationsParts;

  constructor(parts: InvitationsParts) {
    this.#parts = parts;
  }

  /** The code is in the fragment of `url`, which browsers send to no server. */
  async create({ email, expiresInSeconds, createdBy }: NewInvitation): Promise<{
    readonly id: string;
    readonly code: string;
    readonly url: string;
    readonly expiresAt: Date;
  }> {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const expiresAt = new Date(this.#parts.now() + expiresInSeconds * 1_000);
    await this.#parts.db
      .insertInto('invitations')
      .values({
        id,
        code_hash: hashOf(code),
        email: email?.toLowerCase() ?? null,
        created_by: createdBy,
        expires_at: expiresAt,
      })
      .execute();
    return { id, code, url: `${this.#parts.appUrl}/#invitation=${code}`, expiresAt };
  }

  /** The newest first. */
  async list(): Promise<Invitation[]> {
    const rows = await this.#parts.db
      .selectFrom('invitations')
      .select(['id', 'email', 'created_at', 'expires_at', 'used_at'])
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .limit(LISTED)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      email: row.email,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      usedAt: row.used_at,
    }));
  }

  /** Whether there was one. */
  async delete(id: string): Promise<boolean> {
    const { numDeletedRows } = await this.#parts.db
      .deleteFrom('invitations')
      .where('id', '=', id)
      .executeTakeFirst();
    return numDeletedRows > 0n;
  }

  /** Whether somebody with this address could use the code at the moment. */
  async isGood(code: string, email: string): Promise<boolean> {
    const row = await this.#parts.db
      .selectFrom('invitations')
      .select('id')
      .where('code_hash', '=', hashOf(code))
      .where('used_at', 'is', null)
      .where('expires_at', '>', this.#now())
      .where(({ or, eb }) => or([eb('email', 'is', null), eb('email', '=', email.toLowerCase())]))
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Uses the code up for `userId`, in the transaction `db`; false when it is not good any more. */
  async useCode(db: Kysely<Database>, code: string, email: string, userId: string): Promise<boolean> {
    const row = await db
      .updateTable('invitations')
      .set({ used_at: this.#now(), used_by: userId })
      .where('code_hash', '=', hashOf(code))
      .where('used_at', 'is', null)
      .where('expires_at', '>', this.#now())
      .where(({ or, eb }) => or([eb('email', 'is', null), eb('email', '=', email.toLowerCase())]))
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** The same for an address that a provider vouches for: the invitation names it, and no code is needed. */
  async useEmail(db: Kysely<Database>, email: string, userId: string): Promise<boolean> {
    const row = await db
      .updateTable('invitations')
      .set({ used_at: this.#now(), used_by: userId })
      .where('id', '=', ({ selectFrom }) =>
        selectFrom('invitations')
          .select('id')
          .where('email', '=', email.toLowerCase())
          .where('used_at', 'is', null)
          .where('expires_at', '>', this.#now())
          .orderBy('created_at')
          .limit(1)
          .forUpdate()
          .skipLocked(),
      )
      .where('used_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }

  #now(): Date {
    return new Date(this.#parts.now());
  }
}

function hashOf(code: string): Buffer {
  return createHash('sha256').update(code).digest();
}
