import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import { type Role, reaches } from '../access/role.ts';
import type { Authenticator, Principal } from '../auth/principal.ts';
import { ApiError, unavailable } from '../http/errors.ts';

export type AdmissionParts = {
  readonly connections: { readonly size: number };
  readonly authenticator: Authenticator;
  readonly access: Access;
  readonly limits: { readonly connections: number };
  /** Why this node takes no new connections at the moment; null when it does. */
  readonly refusal: () => 'draining' | 'logUnreachable' | null;
  readonly onConnection: (event: 'accepted' | 'refused') => void;
};

/** What somebody may do with the document that was asked for. */
export type DocumentAdmission = { readonly docId: DocId; readonly role: Role };

/**
 * Steps 1 and 2 of the walk, the same for every WebSocket: everything that can be decided before the upgrade is decided
 * here and answered in HTTP. What costs nothing comes first (ACC5). Throws an `ApiError`.
 */
export function admitToNode(parts: AdmissionParts): void {
  const refusal = parts.refusal();
  if (refusal) throw new ApiError(refusal);
  if (parts.connections.size >= parts.limits.connections) throw new ApiError('full');
}

/** Who wants to connect. Throws an `ApiError` when nobody is known. */
export async function identify(request: FastifyRequest, parts: AdmissionParts): Promise<Principal> {
  const { headers, url } = request;
  const principal = await parts.authenticator
    .identify({ headers, url, origin: 'required' })
    .catch((error) => Promise.reject(unavailable(error)));
  if (principal === null) throw new ApiError('unauthenticated');
  return principal;
}

/** The document id in a URL, decoded once. Throws an `ApiError` when it is none. */
export function docIdOf(text: string): DocId {
  const docId = parseDocId(text);
  if (docId === null) throw new ApiError('badDocId');
  return docId;
}

/**
 * The role of somebody on a document. Throws an `ApiError`: `notFound` without any, alike for a document that is not
 * there and one that is not theirs, so that nobody learns which ids exist; `forbidden` below `needed`.
 */
export async function admitToDocument(
  access: Access,
  principal: Principal,
  docId: DocId,
  needed: Role = 'viewer',
): Promise<DocumentAdmission> {
  const role = await access.roleOn(principal, docId).catch((error) => Promise.reject(unavailable(error)));
  if (role === null) throw new ApiError('notFound');
  if (!reaches(role, needed)) throw new ApiError('forbidden');
  return { docId, role };
}

/**
 * The role of somebody who opens a document, which may create it (`Access.admit`). Throws an `ApiError`, `notFound`, as
 * {@link admitToDocument} does.
 */
export async function admitToOpen(
  access: Access,
  principal: Principal,
  docId: DocId,
): Promise<DocumentAdmission> {
  const role = await access.admit(principal, docId).catch((error) => Promise.reject(unavailable(error)));
  if (role === null) throw new ApiError('notFound');
  return { docId, role };
}

/** Runs an admission and counts it when it refuses. */
export async function counted<Admitted>(
  parts: AdmissionParts,
  admit: () => Promise<Admitted>,
): Promise<Admitted> {
  try {
    return await admit();
  } catch (error) {
    parts.onConnection('refused');
    throw error;
  }
}
