import type { SeededRandom } from '@kryton/engine/testing/seeded-random.ts';

/** As much of JSON Schema as routes are described in. */
export type Schema = {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly default?: unknown;
};

const BAD_STRINGS: readonly string[] = [
  '',
  ' ',
  '\0',
  'a\0b',
  '\r\nX-Injected: 1',
  '..',
  '../../etc/passwd',
  '}{',
  '{{7*7}}<%= 7 %>',
  "' OR 1=1 --",
  '\ud800',
  '\udfff\ud800',
  '🦑'.repeat(80),
  'ａ'.repeat(70),
  '\u202e\u0000\ufeff',
  '__proto__',
  'constructor',
  'toString',
  'null',
  '-1',
  '1e999',
  '9007199254740993',
  'x'.repeat(65),
  'y'.repeat(20_000),
];
const BAD_NUMBERS = [0, -0, -1, 0.5, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 63, 1e-320];
const DEPTH = 2_000;

/** A string that some code somewhere does not expect. */
export function badString(random: SeededRandom): string {
  return random.pick(BAD_STRINGS);
}

/** A value for `schema`: usually one that fits, sometimes on the bound, sometimes nothing of the kind. */
export function valueFor(schema: Schema, random: SeededRandom, depth = 0): unknown {
  if (random.chance(0.03)) return badValue(random);
  if (schema.anyOf) return valueFor(random.pick(schema.anyOf), random, depth + 1);
  if (schema.enum && schema.enum.length > 0) return random.pick(schema.enum);
  switch (Array.isArray(schema.type) ? random.pick(schema.type as readonly string[]) : schema.type) {
    case 'object':
      return objectOf(schema, random, depth);
    case 'array':
      return Array.from({ length: random.int(4) }, () => valueFor(schema.items ?? {}, random, depth + 1));
    case 'integer':
    case 'number':
      return numberOf(schema, random);
    case 'boolean':
      return random.chance(0.5);
    case 'null':
      return null;
    default:
      return stringOf(schema, random);
  }
}

function objectOf({ properties = {}, required = [] }: Schema, random: SeededRandom, depth: number): object {
  const result: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(properties)) {
    const isLeftOut = required.includes(name) ? random.chance(0.05) : random.chance(0.5);
    if (!isLeftOut) result[name] = valueFor(schema, random, depth + 1);
  }
  if (random.chance(0.05)) result[badString(random)] = badValue(random);
  return result;
}

function numberOf({ minimum = 0, maximum = 1_000 }: Schema, random: SeededRandom): number {
  const within = minimum + random.int(Math.min(maximum - minimum + 1, 2 ** 31));
  return random.pick([within, within, minimum, maximum, maximum + 1, minimum - 1]);
}

function stringOf({ minLength = 0, maxLength = 200 }: Schema, random: SeededRandom): string {
  if (random.chance(0.12)) return badString(random);
  const length = random.pick([
    minLength,
    1,
    8,
    12,
    Math.min(maxLength, 5_000),
    Math.min(maxLength, 5_000) + 1,
  ]);
  return Array.from({ length }, () => 'abcXYZ019_-'[random.int(11)]).join('');
}

function badValue(random: SeededRandom): unknown {
  return random.pick<() => unknown>([
    () => badString(random),
    () => random.pick(BAD_NUMBERS),
    () => null,
    () => true,
    () => [],
    () => ({}),
    () => ({ __proto__: null, constructor: { prototype: { polluted: true } } }),
    () => Array.from({ length: 1_000 }, () => 'x'),
    () => JSON.parse(`${'['.repeat(DEPTH)}${']'.repeat(DEPTH)}`),
  ])();
}

/** A body of JSON, sometimes broken. */
export function jsonOf(value: unknown, random: SeededRandom): string {
  const text = JSON.stringify(value) ?? 'null';
  if (random.chance(0.85)) return text;
  return random.pick<() => string>([
    () => text.slice(0, random.int(text.length + 1)),
    () => `${text}${text}`,
    () => `{"__proto__":{"polluted":true},"x":${text}}`,
    () => '\ufeff'.concat(text),
    () => `{"a":1,"a":${text}`,
    () => '1e99999',
    () => '',
  ])();
}
