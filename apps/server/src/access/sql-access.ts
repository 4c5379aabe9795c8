import type { Database } from '@kryton/engine/database/schema.ts';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Kysely } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { type Access, AccessUnavailable, type Claim, type Verdict } from './access.ts';
import type { AuditLog } from './audit-log.ts';
import { createOpened } from './create-opened.ts';
import { Gathered } from './gathered.ts';
import type { Role } from './role.ts';
import { keyOf, readStandings, type Standing } from './standing.ts';

/** Above the pool's own limits together (connection 5 s, statement 12 s): those name their reason. */
const DEADLINE_MS = 20_000;

export type SqlAccessOptions = {
  readonly database: Kysely<Database>;
  readonly audit: AuditLog;
  readonly timers: Timers;
  /** ms since 1970. */
  readonly now: () => number;
  /** Whether a user or guest who opens an id that was never used creates the document. */
  readonly createOnOpen: boolean;
};

/** Access by what stands in PostgreSQL, or in the embedded database, which is served as one. */
export class SqlAccess implements Access {
  readonly #options: SqlAccessOptions;
  /** A storm of opens costs a few queries and not thousands. */
  readonly #lookups: Gathered<Claim, Standing>;
  readonly #creations: Gathered<Claim, undefined>;

  constructor(options: SqlAccessOptions) {
    this.#options = options;
    const { timers } = options;
    this.#lookups = new Gathered(timers, (claims) => this.#standings(claims));
    this.#creations = new Gathered(timers, (claims) => this.#create(claims));
  }

  async roleOn(principal: Principal, docId: DocId): Promise<Role | null> {
    return roleOf(await this.#lookups.ask({ principal, docId }));
  }

  async admit(principal: Principal, docId: DocId): Promise<Role | null> {
    const claim = { principal, docId };
    const standing = await this.#lookups.ask(claim);
    if (standing !== 'unknown' || !this.#mayCreate(principal)) return roleOf(standing);
    await this.#creations.ask(claim);
    // Whoever was first owns it, here or on another node.
    return roleOf(await this.#lookups.ask(claim));
  }

  async review(claims: readonly Claim[]): Promise<Verdict[]> {
    return (await this.#standings(claims)).map(verdictOf);
  }

  #mayCreate({ kind, credential }: Principal): boolean {
    return (
      this.#options.createOnOpen && (kind === 'user' || kind === 'guest') && credential.kind === 'session'
    );
  }

  /** In the order asked; what is asked twice is looked up once. */
  async #standings(claims: readonly Claim[]): Promise<Standing[]> {
    const { database, now } = this.#options;
    const distinct = new Map<string, number>();
    const different: Claim[] = [];
    const places = claims.map((claim) => {
      const key = keyOf(claim);
      const known = distinct.get(key);
      if (known !== undefined) return known;
      distinct.set(key, different.length);
      return different.push(claim) - 1;
    });
    const standings = await guarded('looking up grants', readStandings(database, different, now()));
    return places.map((place) => standings[place] ?? 'none');
  }

  async #create(claims: readonly Claim[]): Promise<undefined[]> {
    const { database, audit } = this.#options;
    const wanted = claims.flatMap(({ principal, docId }) =>
      docId === null ? [] : [{ docId, owner: principal.id }],
    );
    const created = await guarded('creating documents', createOpened(database, wanted));
    for (const { docId, owner } of created) audit.record({ kind: 'document-created', actor: owner, docId });
    return claims.map(() => undefined);
  }
}

async function guarded<Result>(what: string, work: Promise<Result>): Promise<Result> {
  try {
    return await deadline(work, DEADLINE_MS, what);
  } catch (cause) {
    throw new AccessUnavailable(`PostgreSQL failed at ${what}`, { cause });
  }
}

function roleOf(standing: Standing): Role | null {
  const verdict = verdictOf(standing);
  return verdict.kind === 'role' ? verdict.role : null;
}

function verdictOf(standing: Standing): Verdict {
  switch (standing) {
    case 'credential-ended':
      return { kind: 'ended', close: 'sessionEnded' };
    case 'deleted':
      return { kind: 'ended', close: 'documentDeleted' };
    case 'unknown':
    case 'none':
      return { kind: 'ended', close: 'grantRemoved' };
    case 'viewer':
    case 'editor':
    case 'owner':
      return { kind: 'role', role: standing };
  }
}
