import type { FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';

/**
 * The user who sends a request, signed in with an account. Throws an `ApiError` `forbidden` for guests, and for every
 * kind of token: what gives others a way in is for people to decide, not for programs.
 */
export function signedInUser({ principal, ip }: FastifyRequest): { userId: string; address: string } {
  const { kind, credential } = principal;
  if (kind !== 'user' || credential.kind !== 'session') throw new ApiError('forbidden');
  return { userId: credential.userId, address: ip };
}
