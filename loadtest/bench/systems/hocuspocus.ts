import { fileURLToPath } from 'node:url';
import { hocuspocusDialect } from './hocuspocus-dialect.ts';
import { plainSystem } from './plain-system.ts';

/** Hocuspocus with its Redis extension: its servers, one Redis, no persistence, no authentication. */
export const startHocuspocus = plainSystem({
  name: 'Hocuspocus',
  main: fileURLToPath(new URL('./hocuspocus-main.ts', import.meta.url)),
  holds: 'open documents',
  doorOf: (port, docId) => ({
    url: `ws://127.0.0.1:${port}`,
    headers: {},
    dialect: hocuspocusDialect(docId),
  }),
});
