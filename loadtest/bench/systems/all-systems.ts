import type { StartSystem } from '../system.ts';
import { startHocuspocus } from './hocuspocus.ts';
import { startKryton } from './kryton.ts';
import { startRelay } from './relay.ts';
import { startYRedis } from './y-redis.ts';

export type NamedSystem = { readonly name: string; readonly start: StartSystem };

/** What can be measured, from the least that such a server does to the most. */
export const SYSTEMS: readonly NamedSystem[] = [
  { name: 'relay', start: startRelay },
  { name: 'y-redis', start: startYRedis },
  { name: 'Hocuspocus', start: startHocuspocus },
  { name: 'Kryton', start: startKryton },
];

/** The system with this name. Throws an Error that lists them when there is none. */
export function systemNamed(name: string): NamedSystem {
  const found = SYSTEMS.find((system) => system.name === name);
  if (!found)
    throw new Error(`there is no system "${name}": ${SYSTEMS.map((known) => known.name).join(', ')}`);
  return found;
}
