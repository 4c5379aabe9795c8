import { cleanName } from './display-name.ts';
import { colourIndex } from './palette.ts';

/** Somebody who has the document open, read from presence. What others announce is not trusted to have any shape. */
export type Person = {
  readonly client: number;
  readonly name: string;
  /** One or two letters for the avatar. */
  readonly initials: string;
  /** Index into the palette. */
  readonly colour: number;
  readonly isSelf: boolean;
};

/** Everybody in `states` (client id to presence), this tab first, then by name. */
export function listPeople(states: ReadonlyMap<number, unknown>, self: number): readonly Person[] {
  const people = [...states].map(([client, state]) => readPerson(client, state, client === self));
  return people.sort(
    (one, other) =>
      Number(other.isSelf) - Number(one.isSelf) ||
      one.name.localeCompare(other.name) ||
      one.client - other.client,
  );
}

/** One person from a presence state. */
export function readPerson(client: number, state: unknown, isSelf = false): Person {
  const user = property(state, 'user');
  const announced = property(user, 'name');
  const name = (typeof announced === 'string' ? cleanName(announced) : null) ?? 'Anonymous';
  return {
    client,
    name,
    initials: initials(name),
    colour: colourIndex(property(user, 'color'), client),
    isSelf,
  };
}

/** The field `key` of something unknown. */
export function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function initials(name: string): string {
  const words = name.split(' ');
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? '')][0]?.toLocaleUpperCase() ?? '').join('');
}
