import { randomBytes } from 'node:crypto';
import type { Database } from '@kryton/engine/database/schema.ts';
import { type DocId, type PrincipalId, parseDocId, principalId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { ApiError, unavailable } from '../http/errors.ts';
import type { Access } from './access.ts';
import type { AuditLog } from './audit-log.ts';
import { demandRole } from './demand-role.ts';
import type { Document } from './document.ts';
import { type DocumentPage, listDocuments, type Page } from './document-list.ts';
import type { Kicks } from './kick.ts';
import type { Role } from './role.ts';

const ID_BYTES = 16;

/** Who does something, and from where. */
export type Actor = { readonly principal: Principal; readonly address: string };

export type DocumentsParts = {
  readonly database: Kysely<Database>;
  readonly access: Access;
  readonly kicks: Kicks;
  readonly audit: AuditLog;
  readonly logger: { error(details: object, message: string): void };
  /** A random id that was never used. */
  readonly newId: () => DocId;
  /** Removes log, snapshot and what was set aside of a document that is marked as deleted; may be repeated. */
  readonly purge: (docId: DocId) => Promise<void>;
};

/** Documents as things that people make, name and delete; what is in them is the engine's. */
export class Documents {
  readonly #parts: DocumentsParts;

  constructor(parts: DocumentsParts) {
    this.#parts = parts;
  }

  /** The role on a document of somebody who needs at least `needed`; see {@link demandRole}. */
  async demand(principal: Principal, docId: DocId, needed: Role): Promise<Role> {
    return await demandRole(this.#parts.access, principal, docId, needed);
  }

  /**
   * Throws an `ApiError`: `forbidden` for who may create none, `conflict` for an id that is taken, or was once.
   */
  async create({ principal, address }: Actor, docId: DocId | undefined, title: string): Promise<Document> {
    const { database, audit, newId } = this.#parts;
    const { owner, role } = ownerOfCreated(principal);
    const id = docId ?? newId();
    const { rows } = await sql<{ createdAt: Date }>`
      WITH created AS (
        INSERT INTO documents (id, title, created_by) VALUES (${id}, ${title}, ${principal.id})
        ON CONFLICT (id) DO NOTHING RETURNING id, created_at
      ), granted AS (
        INSERT INTO document_grants (doc_id, principal_id, role, granted_by)
        SELECT id, ${owner}, 'owner', ${principal.id} FROM created
      )
      SELECT created_at AS "createdAt" FROM created
    `
      .execute(database)
      .catch((error) => Promise.reject(unavailable(error)));
    const [created] = rows;
    if (!created)
      throw new ApiError('conflict', { message: 'this id is taken, or was once: choose another' });
    audit.record({ kind: 'document-created', actor: principal.id, docId: id, address });
    return { id, title, role, ...created, updatedAt: created.createdAt };
  }

  /** What somebody may open, the latest first. Throws an `ApiError` `badRequest` for a cursor that is none of ours. */
  async list(principal: Principal, page: Page): Promise<DocumentPage> {
    const { database, access } = this.#parts;
    return await listDocuments(database, access, principal, page);
  }

  async get(principal: Principal, docId: DocId): Promise<Document> {
    const role = await this.demand(principal, docId, 'viewer');
    const row = await this.#parts.database
      .selectFrom('documents')
      .leftJoin('document_snapshots', 'doc_id', 'id')
      .select(['title', 'created_at'])
      .select(sql<Date>`greatest(documents.updated_at, document_snapshots.updated_at)`.as('updated_at'))
      .where('id', '=', docId)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (!row) throw new ApiError('notFound');
    return { id: docId, title: row.title, role, createdAt: row.created_at, updatedAt: row.updated_at };
  }

  /** An editor may; see {@link demandRole}. */
  async retitle(principal: Principal, docId: DocId, title: string): Promise<Document> {
    await this.demand(principal, docId, 'editor');
    await this.#parts.database
      .updateTable('documents')
      .set({ title, updated_at: sql`now()` })
      .where('id', '=', docId)
      .where('deleted_at', 'is', null)
      .execute();
    return await this.get(principal, docId);
  }

  /**
   * For an owner: the document is gone for everybody when this resolves, on every node a moment later, and its id is
   * never used again. What of it cannot be removed at once, the workers remove.
   */
  async delete({ principal, address }: Actor, docId: DocId): Promise<void> {
    const { database, kicks, audit, logger, purge } = this.#parts;
    await this.demand(principal, docId, 'owner');
    const isDeleted = await database.transaction().execute(async (transaction) => {
      const marked = await transaction
        .updateTable('documents')
        .set({ deleted_at: sql`now()`, title: '' })
        .where('id', '=', docId)
        .where('deleted_at', 'is', null)
        .executeTakeFirst();
      if (marked.numUpdatedRows === 0n) return false;
      await transaction.deleteFrom('document_grants').where('doc_id', '=', docId).execute();
      await transaction.deleteFrom('document_links').where('doc_id', '=', docId).execute();
      return true;
    });
    if (!isDeleted) throw new ApiError('notFound');
    audit.record({ kind: 'document-deleted', actor: principal.id, docId, address });
    await kicks.send({ kind: 'document', docId });
    await purge(docId).catch((error) =>
      logger.error({ docId, err: error }, 'a deleted document could not be removed yet; the workers do it'),
    );
  }
}

/** An id that was never used: 128 random bits. */
export function newDocId(): DocId {
  const docId = parseDocId(randomBytes(ID_BYTES).toString('base64url'));
  if (docId === null) throw new Error('base64url is made of the characters of a document id');
  return docId;
}

/**
 * Who owns what somebody creates, and what the creator may do with it: an agent creates for its owner. Throws an
 * `ApiError` `forbidden` for somebody who may create nothing.
 */
function ownerOfCreated({ id, credential }: Principal): { owner: PrincipalId; role: Role } {
  if (credential.kind === 'session') return { owner: id, role: 'owner' };
  const isAllowed =
    credential.kind === 'agent-token' && credential.scopes.includes('write') && credential.docs === null;
  if (!isAllowed) throw new ApiError('forbidden');
  return { owner: principalId(`user:${credential.ownerId}`), role: 'editor' };
}
