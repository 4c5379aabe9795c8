import { principalId } from '@kryton/engine/protocol/ids.ts';
import { readCredential } from './credentials.ts';
import { LINK_PREFIX } from './link-tokens.ts';
import { checkOrigin } from './origin.ts';
import type { Authenticator, Principal } from './principal.ts';
import { refuseQueryCredentials } from './query-credentials.ts';

/** Whose session a cookie is. */
export type SessionIdentity = {
  readonly sessionId: string;
  readonly userId: string;
  readonly name: string;
  /** A guest is a user without an account. */
  readonly kind: 'user' | 'guest';
};

/** Knows one kind of token: null for one that is not valid, and rejects when it cannot tell at the moment. */
export type TokenVerifier = { verify(token: string): Promise<Principal | null> | Principal | null };

export type AuthenticatorParts = {
  /** `cookieHeader` as sent; null when it holds no session that goes on. Rejects when sessions cannot be read. */
  readonly sessions: { read(cookieHeader: string): Promise<SessionIdentity | null> };
  readonly agentTokens: TokenVerifier;
  readonly documentTokens: TokenVerifier;
  readonly links: TokenVerifier;
  /** Of pages that may use a session: scheme, host and port as a browser sends them. */
  readonly allowedOrigins: readonly string[];
};

const TOKEN_PREFIX = 'kryton_';

/**
 * Step 2 of the walk: at most one credential of a request is looked at. A token wins over a cookie, and a bad token is
 * the end of it (ACC3); a cookie counts only beside an allowed Origin, which is judged before anything is looked up
 * (ACC5).
 */
export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const allowed = new Set(parts.allowedOrigins);
  return {
    async identify(request) {
      refuseQueryCredentials(request.url);
      const shown = readCredential(request);
      switch (shown.kind) {
        case 'token':
          return await verifierOf(shown.token, parts).verify(shown.token);
        case 'cookie': {
          checkOrigin(request.headers['origin'], allowed, request.origin);
          const session = await parts.sessions.read(shown.header);
          return session && principalOf(session);
        }
        case 'refused':
        case 'none':
          return null;
      }
    },
  };
}

/**
 * The form of a token says which kind it is; what is none of ours is no valid document token either. An agent's token
 * may happen to begin like a link, but has no dots.
 */
function verifierOf(token: string, parts: AuthenticatorParts): TokenVerifier {
  if (token.startsWith(LINK_PREFIX) && token.includes('.')) return parts.links;
  return token.startsWith(TOKEN_PREFIX) ? parts.agentTokens : parts.documentTokens;
}

function principalOf({ sessionId, userId, name, kind }: SessionIdentity): Principal {
  const credential = { kind: 'session', sessionId, userId } as const;
  return { id: principalId(`user:${userId}`), kind, name, credential };
}
