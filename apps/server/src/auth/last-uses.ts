import type { Database } from '@kryton/engine/database/schema.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { type Kysely, sql } from 'kysely';

export type LastUsesParts = {
  readonly db: Kysely<Database>;
  readonly timers: Timers;
  /** ms since 1970. */
  readonly now: () => number;
  /** Called when uses could not be written; they are noted again at the next use. */
  readonly onError: (error: unknown) => void;
};

/** A token in use is written once in this time. */
const EVERY_MS = 60_000;
const WRITE_AFTER_MS = 5_000;
const DEADLINE_MS = 5_000;
/** Tokens at most between two writes; of more, some wait for their next use. */
const MAX_NOTED = 10_000;

/** When agent tokens were last used, to the minute: nobody waits for it, and many uses cost one statement. */
export class LastUses {
  readonly #parts: LastUsesParts;
  /** Waiting to be written: ms since 1970 by token. */
  readonly #noted = new Map<string, number>();
  /** Written not long ago. */
  readonly #written = new Map<string, number>();
  #cancel: (() => void) | null = null;

  constructor(parts: LastUsesParts) {
    this.#parts = parts;
  }

  /** A token was used just now. */
  note(tokenId: string): void {
    const now = this.#parts.now();
    const isRecent = now - (this.#written.get(tokenId) ?? Number.NEGATIVE_INFINITY) < EVERY_MS;
    if (isRecent || (this.#noted.size >= MAX_NOTED && !this.#noted.has(tokenId))) return;
    this.#noted.set(tokenId, now);
    this.#cancel ??= this.#parts.timers.after(WRITE_AFTER_MS, () => void this.#write());
  }

  /** Writes what is noted. Never rejects. */
  async close(): Promise<void> {
    this.#cancel?.();
    await this.#write();
  }

  async #write(): Promise<void> {
    this.#cancel = null;
    if (this.#noted.size === 0) return;
    const noted = [...this.#noted];
    const ids = noted.map(([id]) => id);
    const times = noted.map(([, at]) => new Date(at).toISOString());
    this.#noted.clear();
    this.#prune();
    // Before the answer: what is noted meanwhile is the same use.
    for (const [id, at] of noted) this.#written.set(id, at);
    const update = sql`
      UPDATE agent_tokens SET last_used_at = used.at
      FROM unnest(${ids}::text[], ${times}::timestamptz[]) AS used (id, at)
      WHERE agent_tokens.id = used.id
        AND (last_used_at IS NULL OR last_used_at <= used.at - make_interval(secs => ${EVERY_MS / 1_000}))
    `.execute(this.#parts.db);
    try {
      await deadline(update, DEADLINE_MS, 'noting the last use of agent tokens');
    } catch (error) {
      for (const id of ids) this.#written.delete(id);
      this.#parts.onError(error);
    }
  }

  #prune(): void {
    const old = this.#parts.now() - EVERY_MS;
    for (const [id, at] of this.#written) if (at <= old) this.#written.delete(id);
  }
}
