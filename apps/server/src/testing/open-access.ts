import type { Access } from '../access/access.ts';

/** Everybody may edit everything: for tests and simulations of what lies behind the edge, never for a product. */
export const openAccess: Access = {
  roleOn: async () => 'editor',
  admit: async () => 'editor',
  review: async (claims) => claims.map(() => ({ kind: 'role', role: 'editor' })),
};
