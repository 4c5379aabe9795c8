import type { Database } from '@kryton/engine/database/schema.ts';
import type { SessionStorage } from '@kryton/engine/sessions/session-storage.ts';
import type { Kysely } from 'kysely';
import type { Kick, Kicks } from '../access/kick.ts';
import type { SessionReader } from './session-reader.ts';

export type SessionEndsParts = {
  readonly db: Kysely<Database>;
  readonly sessions: Pick<SessionStorage, 'delete'>;
  readonly reader: Pick<SessionReader, 'forget'>;
  readonly kicks: Kicks;
};

/**
 * What follows when sessions end (ACC2): no copy of them is left in the session storage, this node forgets them at
 * once, and every node is told.
 */
export class SessionEnds {
  readonly #parts: SessionEndsParts;

  constructor(parts: SessionEndsParts) {
    this.#parts = parts;
  }

  /** One session was deleted from the database. */
  async ended(session: { readonly id: string; readonly token: string }): Promise<void> {
    // Again after better-auth: its list of a user's sessions, by which it deletes copies, may have lost this one.
    await this.#parts.sessions.delete(session.token);
    await this.#tell({ kind: 'session', sessionId: session.id });
  }

  /** Ends every session of a user except the one with the token `kept`. */
  async endOthers(userId: string, kept: string): Promise<void> {
    const ended = await this.#parts.db
      .deleteFrom('session')
      .where('userId', '=', userId)
      .where('token', '!=', kept)
      .returning('token')
      .execute();
    await this.#deleteCopies(ended);
    await this.userChanged(userId);
  }

  /**
   * What a user may do has changed: the copies of their sessions, which hold the user as it was, are dropped and read
   * anew from the database.
   */
  async refresh(userId: string): Promise<void> {
    const sessions = await this.#parts.db
      .selectFrom('session')
      .select('token')
      .where('userId', '=', userId)
      .execute();
    await this.#deleteCopies(sessions);
    await this.userChanged(userId);
  }

  /** Something that concerns all sessions of a user was stored. better-auth's hooks name the first hundred only. */
  async userChanged(userId: string): Promise<void> {
    await this.#tell({ kind: 'user', userId });
  }

  async #deleteCopies(sessions: readonly { readonly token: string }[]): Promise<void> {
    await Promise.all(sessions.map(({ token }) => this.#parts.sessions.delete(token)));
  }

  async #tell(kick: Kick): Promise<void> {
    this.#parts.reader.forget(kick);
    await this.#parts.kicks.send(kick);
  }
}
