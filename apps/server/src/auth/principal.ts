import type { DocId, PrincipalId } from '@kryton/engine/protocol/ids.ts';
import type { Role } from '../access/role.ts';

/** Who is at the other end of a connection or a request, and by which credential. */
export type Principal = {
  /** `user:<id>` (guests too), `agent:<id>`, `member:<agent>:<id>` or `visitor:<id>`. */
  readonly id: PrincipalId;
  /**
   * `user`: has an account. `guest`: signed in without one. `agent`: a program of a user. `member`: somebody whom a
   * team's own server vouches for by a document token. `visitor`: whoever has the link; only the connection vouches
   * for it.
   */
  readonly kind: 'user' | 'guest' | 'agent' | 'member' | 'visitor';
  readonly name: string;
  readonly credential: Credential;
};

/** What an agent's token is good for. */
export type Scope = 'read' | 'write' | 'mint';

/** What a principal has shown; the end of it ends its connections (ACC2). */
export type Credential =
  | { readonly kind: 'session'; readonly sessionId: string; readonly userId: string }
  | {
      readonly kind: 'agent-token';
      readonly tokenId: string;
      readonly agentId: string;
      /** The id of the user whose agent it is. */
      readonly ownerId: string;
      readonly scopes: readonly Scope[];
      /** The documents it is good for; null for all that the agent can reach. */
      readonly docs: readonly DocId[] | null;
    }
  | {
      readonly kind: 'document-token';
      /** The agent token that minted it: both end together. */
      readonly tokenId: string;
      readonly docId: DocId;
      readonly role: Exclude<Role, 'owner'>;
      /** ms since 1970. */
      readonly expiresAtMs: number;
    }
  | { readonly kind: 'link'; readonly docId: DocId; readonly linkId: string }
  /** Nothing was shown: tests and simulations of what lies behind the edge. */
  | { readonly kind: 'none' };

/** What an authenticator looks at. */
export type CredentialSource = {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As sent, with its query. */
  readonly url: string;
  /**
   * Whether a cookie needs an Origin beside it: `required` where a page of another site could make the browser send
   * it and act (an upgrade, anything but GET and HEAD), `if-present` where it could only read, which CORS forbids.
   */
  readonly origin: 'required' | 'if-present';
};

/** Finds out who sends a request, before anything is spent on it (ACC5). */
export interface Authenticator {
  /**
   * The principal, or null when the request carries no valid credential. Throws an `ApiError`: `unauthenticated` for
   * a credential in the query string, `forbidden` for a cookie whose Origin is not allowed (ACC3). Rejects otherwise
   * when the credential cannot be checked at the moment.
   */
  identify(request: CredentialSource): Promise<Principal | null>;
}
