import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import { RedisSessionStorage } from '@kryton/engine/sessions/redis-session-storage.ts';
import { type Kysely, sql } from 'kysely';
import type { Headers } from './system.ts';

const USERS = 50;
/** Each connection of a scenario has one of its own: a node that keeps what it read of a session must read them all. */
const SESSIONS_EACH = 40;
const LIFETIME_MS = 24 * 3_600_000;

type Person = { readonly id: string; readonly sessions: readonly Headers[]; used: number };

export type PeopleParts = {
  readonly database: Kysely<Database>;
  readonly redisUrl: string;
  /** BETTER_AUTH_SECRET of the nodes. */
  readonly secret: string;
  /** The origin of their APP_URL. */
  readonly origin: string;
};

/**
 * People who are signed in already and own documents. Their sessions are written to where better-auth keeps them:
 * signing in by HTTP would measure the hashing of passwords.
 */
export class People {
  readonly #database: Kysely<Database>;
  readonly #people: readonly Person[];
  readonly #owners = new Map<string, Person>();

  private constructor(database: Kysely<Database>, people: readonly Person[]) {
    this.#database = database;
    this.#people = people;
  }

  static async signedIn({ database, redisUrl, secret, origin }: PeopleParts): Promise<People> {
    const storage = await RedisSessionStorage.connect({ url: redisUrl, name: 'bench', onError: () => {} });
    const now = new Date();
    const expiresAt = new Date(now.getTime() + LIFETIME_MS);
    try {
      const people: Person[] = [];
      for (let index = 0; index < USERS; index++) {
        const user = { id: randomUUID(), name: `Person ${index}`, email: `person-${index}@example.com` };
        await sql`
          INSERT INTO "user" (id, name, email, "emailVerified", role)
          VALUES (${user.id}, ${user.name}, ${user.email}, false, 'user')
        `.execute(database);
        const sessions = await Promise.all(
          Array.from({ length: SESSIONS_EACH }, async () => {
            const token = randomBytes(24).toString('base64url');
            const session = { id: randomUUID(), token, userId: user.id, expiresAt, createdAt: now };
            await sql`
              INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt")
              VALUES (${session.id}, ${token}, ${user.id}, ${expiresAt}, ${now}, ${now})
            `.execute(database);
            const stored = { session: { ...session, updatedAt: now }, user: { ...user, role: 'user' } };
            await storage.set(token, JSON.stringify(stored), LIFETIME_MS / 1_000);
            const signature = createHmac('sha256', secret).update(token).digest('base64');
            const cookie = `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`;
            return { cookie, origin };
          }),
        );
        people.push({ id: user.id, sessions, used: 0 });
      }
      return new People(database, people);
    } finally {
      await storage.close();
    }
  }

  /** Ids of new documents, each owned by the next of the people. */
  async documents(count: number): Promise<string[]> {
    const docIds = Array.from({ length: count }, () => randomUUID());
    const owners = docIds.map((docId) => {
      const owner = this.#people[this.#owners.size % this.#people.length];
      if (!owner) throw new Error('there is nobody');
      this.#owners.set(docId, owner);
      return `user:${owner.id}`;
    });
    await sql`
      WITH created AS (
        INSERT INTO documents (id, created_by)
        SELECT * FROM unnest(${docIds}::text[], ${owners}::text[])
        RETURNING id, created_by
      )
      INSERT INTO document_grants (doc_id, principal_id, role, granted_by)
      SELECT id, created_by, 'owner', created_by FROM created
    `.execute(this.#database);
    return docIds;
  }

  /** What one more connection of the document's owner carries. */
  headersFor(docId: string): Headers {
    const owner = this.#owners.get(docId);
    const headers = owner?.sessions[owner.used++ % SESSIONS_EACH];
    if (!headers) throw new Error(`${docId} is nobody's document`);
    return headers;
  }
}
