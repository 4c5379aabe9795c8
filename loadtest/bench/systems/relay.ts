import { fileURLToPath } from 'node:url';
import { plainSystem } from './plain-system.ts';

/** The raw relay: what it costs to bring a frame to everybody, and nothing else (`relay-main.ts`). */
export const startRelay = plainSystem({
  name: 'relay',
  main: fileURLToPath(new URL('./relay-main.ts', import.meta.url)),
  holds: 'nothing',
  doorOf: (port, docId) => ({ url: `ws://127.0.0.1:${port}/ws/yjs/${docId}`, headers: {} }),
});
