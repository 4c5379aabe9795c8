import type { Authenticator, Principal } from '../auth/principal.ts';

/**
 * Knows people by a word that they send where a token belongs, for tests of what comes after authentication: as
 * `Authorization: Bearer <word>`, or as `Sec-WebSocket-Protocol: kryton-token, <word>`.
 */
export function tokenHolders(people: ReadonlyMap<string, Principal>): Authenticator {
  return {
    async identify({ headers }) {
      const offered = `${headers['sec-websocket-protocol'] ?? ''}`.split(/,\s*/)[1];
      const bearer = `${headers['authorization'] ?? ''}`.split('Bearer ')[1];
      return people.get(offered ?? bearer ?? '') ?? null;
    },
  };
}
