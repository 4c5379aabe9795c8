import type { Access } from '../access/access.ts';
import type { Role } from '../access/role.ts';

/** Everybody has this role on everything, and keeps it. */
export function accessOf(role: Role): Access {
  return {
    roleOn: async () => role,
    admit: async () => role,
    review: async (claims) => claims.map(() => ({ kind: 'role', role })),
  };
}
