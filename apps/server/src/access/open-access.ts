import type { Access } from './access.ts';

/**
 * Everybody may edit everything: what embedded and development mode offer until accounts arrive. With
 * NODE_ENV=production the server does not start on it.
 */
export const openAccess: Access = {
  roleOn: async () => 'editor',
};
