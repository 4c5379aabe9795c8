/**
 * Branded identifiers: parsed once at the edge, trusted inside.
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A document's name, `^[A-Za-z0-9_-]{1,64}$`. It is part of Redis keys and URLs as it stands. */
export type DocId = Branded<string, 'DocId'>;
/** One node of the cluster, unique per start of the process. */
export type NodeId = Branded<string, 'NodeId'>;
/** One WebSocket, unique in the cluster; stands in every log line about it. */
export type ConnectionId = Branded<string, 'ConnectionId'>;
/** Who somebody is: a user, a guest, an agent. */
export type PrincipalId = Branded<string, 'PrincipalId'>;

const DOC_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The document id in `text` (already URL-decoded once), or null when it is not one. */
export function parseDocId(text: string): DocId | null {
  return DOC_ID.test(text) ? (text as DocId) : null;
}

/** A fresh node id: `name` for the operator, `random` (hex or base64url) for uniqueness. */
export function makeNodeId(name: string, random: string): NodeId {
  return `${name}-${random}` as NodeId;
}

/** The `counter`-th connection of `node`. */
export function makeConnectionId(node: NodeId, counter: number): ConnectionId {
  return `${node}.${counter.toString(36)}` as ConnectionId;
}

/** Brands a principal's id; the caller has authenticated it. */
export function principalId(id: string): PrincipalId {
  return id as PrincipalId;
}
