import type { FastifyRequest } from 'fastify';
import type { Authenticator, CredentialSource, Principal } from '../auth/principal.ts';
import { ApiError, unavailable } from '../http/errors.ts';
import { networkOf } from './network.ts';
import type { LimitKind, RateLimits } from './rate-limits.ts';

export type LimitedIdentityParts = {
  readonly authenticator: Authenticator;
  readonly rates: RateLimits;
};

/**
 * Who sends a request, within what their address and they themselves may do. Throws an `ApiError`: `tooMany`,
 * `unauthenticated`, `forbidden`, or `unavailable` when it cannot be found out.
 */
export async function identifyWithinLimits(
  request: FastifyRequest,
  origin: CredentialSource['origin'],
  kind: Extract<LimitKind, 'handshakes' | 'requests'>,
  { authenticator, rates }: LimitedIdentityParts,
): Promise<Principal> {
  const network = networkOf(request.ip);
  const showsToken = bearsToken(request.headers);
  // Who guesses tokens is not told any more whether one is right. People with a session at that address are let in.
  if (showsToken) refuse(rates.waitS('failures', network));
  const principal = await authenticator
    .identify({ headers: request.headers, url: request.url, origin })
    .catch((error) => Promise.reject(unavailable(error)));
  if (principal === null) {
    if (showsToken) rates.count('failures', network, 1);
    throw new ApiError('unauthenticated');
  }
  refuse(rates.take(kind, limitedAs(principal)));
  return principal;
}

/** Counts one of the address that a request comes from. Throws an `ApiError` `tooMany`. */
export function takeOfAddress(request: FastifyRequest, kind: LimitKind, rates: RateLimits): void {
  refuse(rates.take(kind, networkOf(request.ip)));
}

/** Whose share of the limits it is: everybody with one link has one share, because visitors have no other name. */
export function limitedAs({ id, credential }: Principal): string {
  return credential.kind === 'link' ? `link:${credential.linkId}` : id;
}

/** Throws an `ApiError` `tooMany` unless `waitS` is 0. */
export function refuse(waitS: number): void {
  if (waitS > 0) throw new ApiError('tooMany', { retryAfterS: waitS });
}

/** A session does not count: its cookie is signed, so that guessing one costs nothing and never comes to anything. */
function bearsToken(headers: FastifyRequest['headers']): boolean {
  return (
    headers.authorization !== undefined ||
    Boolean(headers['sec-websocket-protocol']?.includes('kryton-token'))
  );
}
