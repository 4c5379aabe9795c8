import { randomInt } from 'node:crypto';
import { principalId } from '@kryton/engine/protocol/ids.ts';
import type { Authenticator } from './principal.ts';

const MOODS = ['Quiet', 'Brave', 'Sunny', 'Gentle', 'Swift', 'Clever', 'Merry', 'Calm', 'Bright', 'Curious'];
const ANIMALS = ['Otter', 'Heron', 'Lynx', 'Finch', 'Badger', 'Marten', 'Swan', 'Hare', 'Fox', 'Owl'];

const oneOf = (words: string[]): string => words[randomInt(words.length)] ?? '';

/** Gives every connection a name of its own, until accounts arrive. */
export const visitors: Authenticator = {
  identify: async () => ({
    id: principalId(`visitor:${randomInt(2 ** 47).toString(36)}`),
    kind: 'visitor',
    name: `${oneOf(MOODS)} ${oneOf(ANIMALS)}`,
  }),
};
