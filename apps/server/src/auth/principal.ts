import type { PrincipalId } from '@kryton/engine/protocol/ids.ts';

/** Who is at the other end of a connection. */
export type Principal = {
  readonly id: PrincipalId;
  /** A visitor is nobody known: only the connection itself vouches for it. */
  readonly kind: 'visitor' | 'user' | 'agent';
  readonly name: string;
};

/** Finds out who sends a request, before anything is spent on it (ACC5). */
export interface Authenticator {
  /** The principal, or null when the request carries no valid credential. */
  identify(request: {
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  }): Promise<Principal | null>;
}
