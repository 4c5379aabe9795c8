import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import type { FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import { demandRole } from '../access/demand-role.ts';
import type { Role } from '../access/role.ts';
import type { Principal } from '../auth/principal.ts';
import { ApiError, type ApiErrorCode, unavailable } from '../http/errors.ts';
import {
  identifyWithinLimits,
  type LimitedIdentityParts,
  limitedAs,
  refuse,
  takeOfAddress,
} from '../limits/limited-identity.ts';
import { networkOf } from '../limits/network.ts';
import type { Connections } from './connections.ts';
import type { Owner } from './live-socket.ts';

/** Somebody has to close one first; there is no telling when. */
const CAP_RETRY_S = 10;
/** For who asks this node again: another one may have a place at once. */
const RETRY_S = { draining: 5, logUnreachable: 5, overloaded: 10 } as const;

export type AdmissionParts = LimitedIdentityParts & {
  readonly connections: Pick<Connections, 'size' | 'ofPrincipal' | 'onDocument'>;
  readonly access: Access;
  readonly limits: ConnectionCaps;
  /** Why this node takes no new connections at the moment; null when it does. */
  readonly refusal: () => keyof typeof RETRY_S | null;
  readonly counts: EdgeCounts;
};

/** What is counted where WebSockets come and are sent away. */
export type EdgeCounts = {
  accepted(): void;
  refused(reason: ApiErrorCode): void;
  closed(kind: CloseKind): void;
};

/** How many WebSockets this node takes: in all, on one document, and of one user, agent or link. */
export type ConnectionCaps = {
  readonly connections: number;
  readonly documentConnections: number;
  readonly userConnections: number;
};

/** What somebody may do with the document that was asked for. */
export type DocumentAdmission = { readonly docId: DocId; readonly role: Role };

/**
 * Steps 1 and 2 of the walk, the same for every WebSocket: everything that can be decided before the upgrade is decided
 * here and answered in HTTP. What costs nothing comes first (ACC5). Throws an `ApiError`.
 */
export function admitToNode(parts: AdmissionParts): void {
  const refusal = parts.refusal();
  if (refusal) throw new ApiError(refusal, { retryAfterS: RETRY_S[refusal] });
  if (parts.connections.size >= parts.limits.connections)
    throw new ApiError('full', { retryAfterS: CAP_RETRY_S });
}

/**
 * Who wants to connect, within what their address and they themselves may do in a minute. Throws an `ApiError` when
 * nobody is known, or it is too much.
 */
export async function identify(request: FastifyRequest, parts: AdmissionParts): Promise<Principal> {
  takeOfAddress(request, 'handshakes', parts.rates);
  refuse(parts.rates.waitS('messages', networkOf(request.ip)));
  const principal = await identifyWithinLimits(request, 'required', 'handshakes', parts);
  refuse(parts.rates.waitS('messages', limitedAs(principal)));
  return principal;
}

/**
 * The last question before the upgrade: nothing may be awaited after it, or others come in between. The result goes
 * with the WebSocket. Throws an `ApiError` when there are as many as there may be.
 */
export function admitOneMore(
  request: FastifyRequest,
  principal: Principal,
  docId: DocId | null,
  parts: AdmissionParts,
): Owner {
  const { connections, limits } = parts;
  const owner = { principal: limitedAs(principal), network: networkOf(request.ip), docId };
  // Once more: while it was looked up who asks, the node may have been told to leave (DRAIN1).
  admitToNode(parts);
  if (connections.ofPrincipal(owner.principal) >= limits.userConnections)
    throw new ApiError('tooMany', { message: 'too many connections, close some', retryAfterS: CAP_RETRY_S });
  if (docId !== null && connections.onDocument(docId) >= limits.documentConnections)
    throw new ApiError('full', {
      message: 'this document has as many connections here as it may have',
      retryAfterS: CAP_RETRY_S,
    });
  return owner;
}

/** The document id in a URL, decoded once. Throws an `ApiError` when it is none. */
export function docIdOf(text: string): DocId {
  const docId = parseDocId(text);
  if (docId === null) throw new ApiError('badDocId');
  return docId;
}

/** The role of somebody on a document. Throws an `ApiError` as `demandRole` does. */
export async function admitToDocument(
  access: Access,
  principal: Principal,
  docId: DocId,
  needed: Role = 'viewer',
): Promise<DocumentAdmission> {
  const role = await demandRole(access, principal, docId, needed);
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
    parts.counts.refused(error instanceof ApiError ? error.code : 'internal');
    throw error;
  }
}
