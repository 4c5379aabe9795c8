import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Database } from '@kryton/engine/database/schema.ts';
import { PasswordHashing } from '@kryton/server/auth/password-hashing.ts';
import { type Kysely, sql } from 'kysely';

/** Who comes, and where. */
export type CrowdAtTheDoor = {
  /** `http://host:port` of the node. */
  readonly url: string;
  readonly origin: string;
  readonly emails: readonly string[];
  readonly password: string;
  /** From how many addresses they come, as a proxy in front tells the node. */
  readonly addresses: number;
};

export type SignedIn = {
  readonly signedIn: number;
  /** The status of every other answer; 0 where none came. */
  readonly refused: readonly number[];
  readonly medianMs: number;
  /** Until the last was answered. */
  readonly lastMs: number;
};

const MAIN = fileURLToPath(new URL('./sign-in-crowd-main.ts', import.meta.url));

/** People with a password, all the same one, whose hash is made once: signing each up would take as long as the storm. */
export async function createPeople(
  database: Kysely<Database>,
  count: number,
): Promise<Pick<CrowdAtTheDoor, 'emails' | 'password'>> {
  const password = randomUUID();
  const hash = await new PasswordHashing().hash(password);
  const ids = Array.from({ length: count }, () => randomUUID());
  const emails = ids.map((id) => `${id}@example.com`);
  await sql`
    WITH people AS (
      INSERT INTO "user" (id, name, email, "emailVerified", role)
      SELECT id, 'Somebody', email, false, 'user' FROM unnest(${ids}::text[], ${emails}::text[]) AS p (id, email)
      RETURNING id
    )
    INSERT INTO account (id, "accountId", "providerId", "userId", password, "updatedAt")
    SELECT id, id, 'credential', id, ${hash}, now() FROM people
  `.execute(database);
  return { emails, password };
}

/** Lets all of them in at the same moment, from a process of their own. Rejects when it ends before it has told. */
export async function signAllIn(crowd: CrowdAtTheDoor): Promise<SignedIn> {
  const child = fork(MAIN, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the crowd at the door ended with ${code} before it told how it went`);
  });
  ended.catch(() => {});
  const told = once(child, 'message');
  child.send(crowd);
  const [done] = await Promise.race([told, ended]);
  return done as SignedIn;
}
