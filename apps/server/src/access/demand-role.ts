import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Principal } from '../auth/principal.ts';
import { ApiError, unavailable } from '../http/errors.ts';
import type { Access } from './access.ts';
import { type Role, reaches } from './role.ts';

/**
 * The role of somebody who needs at least `needed`. Throws an `ApiError`: `notFound` without any role, alike for a
 * document that is not there and one that is not theirs, so that nobody learns which ids exist; `forbidden` below
 * `needed`; `unavailable` when the grants cannot be read.
 */
export async function demandRole(
  access: Pick<Access, 'roleOn'>,
  principal: Principal,
  docId: DocId,
  needed: Role,
): Promise<Role> {
  const role = await access.roleOn(principal, docId).catch((error) => Promise.reject(unavailable(error)));
  if (role === null) throw new ApiError('notFound');
  if (!reaches(role, needed)) throw new ApiError('forbidden');
  return role;
}
