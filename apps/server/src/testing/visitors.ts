import { randomInt } from 'node:crypto';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import type { Authenticator } from '../auth/principal.ts';

/** Takes everybody for a visitor: for tests and simulations of what lies behind the edge, never for a product. */
export const visitors: Authenticator = {
  identify: async () => ({
    id: principalId(`visitor:${randomInt(2 ** 47).toString(36)}`),
    kind: 'visitor',
    name: 'Visitor',
    credential: { kind: 'none' },
  }),
};
