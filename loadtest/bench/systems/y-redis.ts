import { fileURLToPath } from 'node:url';
import { plainSystem } from './plain-system.ts';

/** The loop of a y-websocket server, its documents bound to one Redis by y-redis 1.0.3 (`y-redis-main.ts`). */
export const startYRedis = plainSystem({
  name: 'y-redis',
  main: fileURLToPath(new URL('./y-redis-main.ts', import.meta.url)),
  // Redis has every update, but a fresh node answers before it has read them.
  holds: 'open documents',
  doorOf: (port, docId) => ({ url: `ws://127.0.0.1:${port}/ws/yjs/${docId}`, headers: {} }),
});
