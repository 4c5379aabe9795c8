import { randomUUID } from 'node:crypto';
import type { Authenticator, Principal } from '../auth/principal.ts';

/** Knows people by tokens that it handed out: for tests of what happens once it is known who somebody is. */
export type KnownPeople = Authenticator & {
  /** A token, for `kryton-token` and as a bearer, that stands for `principal`. */
  tokenOf(principal: Principal): string;
};

export function knownPeople(): KnownPeople {
  const people = new Map<string, Principal>();
  return {
    tokenOf(principal) {
      const token = randomUUID();
      people.set(token, principal);
      return token;
    },
    async identify({ headers }) {
      const shown = headers['sec-websocket-protocol'] ?? headers['authorization'];
      const token =
        typeof shown === 'string' ? /(?:kryton-token, ?|Bearer )(\S+)$/.exec(shown)?.[1] : undefined;
      return (token !== undefined && people.get(token)) || null;
    },
  };
}
