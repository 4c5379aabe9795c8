import type { Database } from '@kryton/engine/database/schema.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { type Kysely, sql } from 'kysely';
import type { Principal } from '../auth/principal.ts';
import { ApiError, unavailable } from '../http/errors.ts';
import type { Access } from './access.ts';
import type { Document } from './document.ts';

export type Page = {
  readonly limit: number;
  /** What the page before gave as `nextCursor`. */
  readonly cursor?: string | undefined;
};

/** A page may hold fewer than its limit, or nothing, and still not be the last: `nextCursor` tells. */
export type DocumentPage = { readonly documents: readonly Document[]; readonly nextCursor: string | null };

/** Where somebody's documents are looked for. What they may do with each is decided as always. */
type Places = {
  /** Whose grants. */
  readonly principals: readonly string[];
  /** Documents that a token names. */
  readonly named: readonly DocId[];
  /** The only ones that count; null for all. */
  readonly only: readonly DocId[] | null;
  /** The user to whom ownerless documents belong if they are an admin. */
  readonly adminId: string | null;
};

type Row = {
  readonly id: DocId;
  readonly title: string;
  readonly createdAt: Date;
  /** Microseconds since 1970: a Date would lose the order of two in one millisecond. */
  readonly updatedUs: number;
};

/** The documents of somebody, the latest first; pages follow each other by time and id. */
export async function listDocuments(
  database: Kysely<Database>,
  access: Access,
  principal: Principal,
  { limit, cursor }: Page,
): Promise<DocumentPage> {
  const after = cursor === undefined ? null : parseCursor(cursor);
  const { principals, named, only, adminId } = placesOf(principal);
  const { rows } = await sql<Row>`
    WITH candidate AS (
      SELECT doc_id AS id FROM document_grants WHERE principal_id = ANY (${principals}::text[])
      UNION SELECT unnest(${named}::text[])
      UNION SELECT id FROM documents
      WHERE EXISTS (SELECT FROM "user" WHERE id = ${adminId}::text AND role = 'admin')
        AND NOT EXISTS (SELECT FROM document_grants WHERE doc_id = documents.id AND role = 'owner')
    ), listed AS (
      SELECT document.id, title, created_at AS "createdAt",
        (extract(epoch FROM greatest(document.updated_at, snapshot.updated_at)) * 1000000)::bigint AS "updatedUs"
      FROM candidate JOIN documents AS document USING (id)
      LEFT JOIN document_snapshots AS snapshot ON snapshot.doc_id = document.id
      WHERE deleted_at IS NULL AND (${only}::text[] IS NULL OR document.id = ANY (${only}::text[]))
    )
    SELECT * FROM listed
    WHERE ${after?.updatedUs ?? null}::bigint IS NULL
      OR ("updatedUs", id) < (${after?.updatedUs ?? null}::bigint, ${after?.id ?? null}::text)
    ORDER BY "updatedUs" DESC, id DESC LIMIT ${limit + 1}
  `
    .execute(database)
    .catch((error) => Promise.reject(unavailable(error)));
  const page = rows.slice(0, limit);
  const verdicts = await access
    .review(page.map(({ id }) => ({ principal, docId: id })))
    .catch((error) => Promise.reject(unavailable(error)));
  const documents = page.flatMap(({ id, title, createdAt, updatedUs }, index) => {
    const verdict = verdicts[index];
    if (verdict?.kind !== 'role') return [];
    return [{ id, title, role: verdict.role, createdAt, updatedAt: new Date(updatedUs / 1000) }];
  });
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { documents, nextCursor: last ? cursorOf(last) : null };
}

function placesOf({ id, credential }: Principal): Places {
  const nowhere = { principals: [], named: [], only: null, adminId: null };
  switch (credential.kind) {
    case 'session':
      return { ...nowhere, principals: [id], adminId: credential.userId };
    case 'agent-token':
      return { ...nowhere, principals: [id, `user:${credential.ownerId}`], only: credential.docs };
    case 'document-token':
    case 'link':
      return { ...nowhere, named: [credential.docId] };
    case 'none':
      return nowhere;
  }
}

function cursorOf({ updatedUs, id }: Row): string {
  return Buffer.from(`${updatedUs}.${id}`).toString('base64url');
}

function parseCursor(cursor: string): Pick<Row, 'updatedUs' | 'id'> {
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split('.');
  const docId = parseDocId(id);
  const updatedUs = Number(time);
  if (docId !== null && /^\d{1,16}$/.test(time) && Number.isSafeInteger(updatedUs)) {
    return { updatedUs, id: docId };
  }
  const problem = 'is no cursor of this list: take nextCursor of the page before';
  throw new ApiError('badRequest', { details: [{ in: 'querystring', field: 'cursor', problem }] });
}
