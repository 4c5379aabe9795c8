import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/principal.ts';
import { ApiError, unavailable } from './errors.ts';

/** Only a person who is signed in is an admin. Rejects when it cannot be found out. */
export type IsAdmin = (principal: Principal) => Promise<boolean>;

/** A hook that lets nobody but admins pass; it throws an `ApiError`. */
export function adminOnly(isAdmin: IsAdmin): (request: FastifyRequest) => Promise<void> {
  return async ({ principal }) => {
    const isOne = await isAdmin(principal).catch((error) => Promise.reject(unavailable(error)));
    if (!isOne) throw new ApiError('forbidden');
  };
}
