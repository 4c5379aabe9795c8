import type { Database } from '@kryton/engine/database/schema.ts';
import type { Kysely } from 'kysely';
import type { Principal } from './principal.ts';
import { isAdminRole } from './session-reader.ts';

/** What somebody may know about their own account. */
export type Profile = {
  readonly id: string;
  readonly kind: Principal['kind'];
  readonly name: string;
  /** Null for whoever has none: guests, agents, visitors. */
  readonly email: string | null;
  readonly isAdmin: boolean;
};

/** Looks up accounts by who sends a request. */
export class Users {
  readonly #db: Kysely<Database>;

  constructor(db: Kysely<Database>) {
    this.#db = db;
  }

  async profileOf({ id, kind, name, credential }: Principal): Promise<Profile> {
    const row = credential.kind === 'session' ? await this.#row(credential.userId) : undefined;
    return {
      id,
      kind,
      name: row?.name ?? name,
      email: row && !row.isAnonymous ? row.email : null,
      isAdmin: isAdminRole(row?.role),
    };
  }

  /** Only a person who is signed in: an agent of an admin is no admin. Asks the database, not the session's copy. */
  async isAdmin({ credential }: Principal): Promise<boolean> {
    if (credential.kind !== 'session') return false;
    return isAdminRole((await this.#row(credential.userId))?.role);
  }

  async #row(
    userId: string,
  ): Promise<{ name: string; email: string; role: string | null; isAnonymous: boolean | null } | undefined> {
    return await this.#db
      .selectFrom('user')
      .select(['name', 'email', 'role', 'isAnonymous'])
      .where('id', '=', userId)
      .executeTakeFirst();
  }
}
