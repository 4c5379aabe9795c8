import type { Database } from '@kryton/engine/database/schema.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { ApiError } from '../http/errors.ts';
import type { Access } from './access.ts';
import type { AuditLog } from './audit-log.ts';
import { demandRole } from './demand-role.ts';
import type { Actor } from './documents.ts';
import { type GrantTarget, parseGrantTarget, resolveTarget } from './grant-target.ts';
import type { Kicks } from './kick.ts';
import { type Role, reaches } from './role.ts';
import { readStandings } from './standing.ts';

/** What is written down for somebody. */
export type Grant = {
  readonly principalId: string;
  readonly kind: 'user' | 'agent';
  readonly name: string;
  /** Null for an agent or a guest. */
  readonly email: string | null;
  readonly role: Role;
  readonly createdAt: Date;
};

/** What anyone with the link may do. */
export type Link = {
  readonly role: Exclude<Role, 'owner'>;
  /** What stands in the link. */
  readonly token: string;
  readonly createdAt: Date;
};

export type DocumentGrants = { readonly grants: readonly Grant[]; readonly link: Link | null };

/** `token` for a link only. */
export type GrantAnswer = { readonly principalId: string; readonly role: Role; readonly token?: string };

export type GrantsParts = {
  readonly database: Kysely<Database>;
  readonly access: Access;
  readonly kicks: Kicks;
  readonly audit: AuditLog;
  readonly links: {
    newLinkId(): string;
    tokenOf(docId: DocId, linkId: string): string;
  };
  /** ms since 1970. */
  readonly now: () => number;
};

type Change = { readonly actor: Actor; readonly docId: DocId };

/**
 * Who may do what with a document: an owner grants, by hand of a person and never of a program. A document keeps at
 * least one owner who is a person. Everything throws an `ApiError` as {@link demandRole} does.
 */
export class Grants {
  readonly #parts: GrantsParts;

  constructor(parts: GrantsParts) {
    this.#parts = parts;
  }

  async list(principal: Principal, docId: DocId): Promise<DocumentGrants> {
    const { database, access, links } = this.#parts;
    await demandRole(access, principal, docId, 'owner');
    const grants = await sql<Grant>`
      SELECT principal_id AS "principalId", split_part(principal_id, ':', 1) AS kind,
        coalesce(account.name, agent.name, '') AS name,
        CASE WHEN account."isAnonymous" IS NOT TRUE THEN account.email END AS email,
        held.role, held.created_at AS "createdAt"
      FROM document_grants AS held
      LEFT JOIN "user" AS account ON held.principal_id = 'user:' || account.id
      LEFT JOIN agents AS agent ON held.principal_id = 'agent:' || agent.id
      WHERE doc_id = ${docId} ORDER BY held.created_at, principal_id
    `.execute(database);
    const { rows } = await sql<Omit<Link, 'token'> & { linkId: string }>`
      SELECT role, link_id AS "linkId", created_at AS "createdAt" FROM document_links WHERE doc_id = ${docId}
    `.execute(database);
    const [link] = rows;
    return {
      grants: grants.rows,
      link: link
        ? { role: link.role, token: links.tokenOf(docId, link.linkId), createdAt: link.createdAt }
        : null,
    };
  }

  /** `target` is `user:<id>`, `agent:<id>`, `email:<address>` or `link`. A link keeps its token when its role changes. */
  async set(actor: Actor, docId: DocId, target: string, role: Role): Promise<GrantAnswer> {
    const parsed = parseGrantTarget(target);
    await this.#expectOwner(actor.principal, docId);
    const change = { actor, docId };
    const answer = await this.#change(change, (transaction) =>
      parsed.kind === 'link'
        ? this.#setLink(transaction, change, role)
        : this.#setGrant(transaction, change, parsed, role),
    );
    await this.#tell(
      change,
      parsed.kind === 'link' ? 'link-created' : 'grant-changed',
      answer.principalId,
      role,
    );
    return answer;
  }

  /** For an owner; and for a person who leaves. */
  async remove(actor: Actor, docId: DocId, target: string): Promise<void> {
    const parsed = parseGrantTarget(target);
    const change = { actor, docId };
    const isLeaving = parsed.kind === 'user' && actor.principal.id === `user:${parsed.id}`;
    if (isLeaving && actor.principal.credential.kind === 'session')
      await demandRole(this.#parts.access, actor.principal, docId, 'viewer');
    else await this.#expectOwner(actor.principal, docId);
    const removed = await this.#change(
      change,
      (transaction) =>
        parsed.kind === 'link'
          ? this.#removeLink(transaction, docId)
          : this.#removeGrant(transaction, docId, parsed),
      isLeaving ? 'viewer' : 'owner',
    );
    await this.#tell(change, parsed.kind === 'link' ? 'link-removed' : 'grant-removed', removed);
  }

  async #expectOwner(principal: Principal, docId: DocId): Promise<void> {
    await demandRole(this.#parts.access, principal, docId, 'owner');
    if (principal.credential.kind !== 'session') throw new ApiError('forbidden');
  }

  /** One at a time on one document; and whoever changes something still may when it is their turn. */
  async #change<Result>(
    { actor: { principal }, docId }: Change,
    run: (transaction: Transaction<Database>) => Promise<Result>,
    needed: Role = 'owner',
  ): Promise<Result> {
    const { database, now } = this.#parts;
    return await database.transaction().execute(async (transaction) => {
      const locked = await transaction
        .selectFrom('documents')
        .select('id')
        .where('id', '=', docId)
        .where('deleted_at', 'is', null)
        .forUpdate()
        .executeTakeFirst();
      if (!locked) throw new ApiError('notFound');
      const [standing] = await readStandings(transaction, [{ principal, docId }], now());
      const isRole = standing === 'viewer' || standing === 'editor' || standing === 'owner';
      if (!isRole) throw new ApiError('notFound');
      if (!reaches(standing, needed)) throw new ApiError('forbidden');
      return await run(transaction);
    });
  }

  async #setGrant(
    transaction: Transaction<Database>,
    { actor, docId }: Change,
    target: Exclude<GrantTarget, { kind: 'link' }>,
    role: Role,
  ): Promise<GrantAnswer> {
    if (target.kind === 'agent' && role === 'owner')
      throw new ApiError('badRequest', { message: 'an agent can be viewer or editor; owners are people' });
    const principal = await resolveTarget(transaction, target);
    if (role !== 'owner') await this.#expectAnotherOwner(transaction, docId, principal);
    await transaction
      .insertInto('document_grants')
      .values({ doc_id: docId, principal_id: principal, role, granted_by: actor.principal.id })
      .onConflict((conflict) =>
        conflict.columns(['doc_id', 'principal_id']).doUpdateSet({ role, granted_by: actor.principal.id }),
      )
      .execute();
    return { principalId: principal, role };
  }

  async #setLink(
    transaction: Transaction<Database>,
    { actor, docId }: Change,
    role: Role,
  ): Promise<GrantAnswer> {
    if (role === 'owner')
      throw new ApiError('badRequest', {
        message: 'a link can be for viewers or editors; owners are people',
      });
    const { links } = this.#parts;
    const { link_id } = await transaction
      .insertInto('document_links')
      .values({ doc_id: docId, link_id: links.newLinkId(), role, created_by: actor.principal.id })
      .onConflict((conflict) => conflict.column('doc_id').doUpdateSet({ role }))
      .returning('link_id')
      .executeTakeFirstOrThrow();
    return { principalId: 'link', role, token: links.tokenOf(docId, link_id) };
  }

  async #removeGrant(
    transaction: Transaction<Database>,
    docId: DocId,
    target: Exclude<GrantTarget, { kind: 'link' }>,
  ): Promise<string> {
    // A grant may outlive whom it was for.
    const principal =
      target.kind === 'email' ? await resolveTarget(transaction, target) : `${target.kind}:${target.id}`;
    await this.#expectAnotherOwner(transaction, docId, principal);
    const removed = await transaction
      .deleteFrom('document_grants')
      .where('doc_id', '=', docId)
      .where('principal_id', '=', principal)
      .executeTakeFirst();
    if (removed.numDeletedRows === 0n)
      throw new ApiError('notFound', { message: 'nothing is granted to them' });
    return principal;
  }

  async #removeLink(transaction: Transaction<Database>, docId: DocId): Promise<string> {
    const removed = await transaction
      .deleteFrom('document_links')
      .where('doc_id', '=', docId)
      .executeTakeFirst();
    if (removed.numDeletedRows === 0n) throw new ApiError('notFound', { message: 'there is no link' });
    return 'link';
  }

  async #expectAnotherOwner(
    transaction: Transaction<Database>,
    docId: DocId,
    principal: string,
  ): Promise<void> {
    const owners = await transaction
      .selectFrom('document_grants')
      .select('principal_id')
      .where('doc_id', '=', docId)
      .where('role', '=', 'owner')
      .execute();
    const isOwner = owners.some(({ principal_id }) => principal_id === principal);
    if (isOwner && owners.length === 1)
      throw new ApiError('conflict', { message: 'this is the last owner: make somebody else owner first' });
  }

  async #tell(
    { actor, docId }: Change,
    kind: 'grant-changed' | 'grant-removed' | 'link-created' | 'link-removed',
    subject: string,
    role?: Role,
  ): Promise<void> {
    const { audit, kicks } = this.#parts;
    audit.record({
      kind,
      actor: actor.principal.id,
      subject,
      docId,
      address: actor.address,
      ...(role && { details: { role } }),
    });
    await kicks.send({ kind: 'document', docId });
  }
}
