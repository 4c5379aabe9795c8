import type { SeededRandom } from '../seeded-random.ts';
import {
  type Block,
  DELETED,
  GC,
  lengthOf,
  numberContent,
  parseUpdate,
  type Reference,
  SKIP,
  type Struct,
  TEXT,
  textContent,
  type UpdateModel,
  writeUpdate,
} from './update-model.ts';

/** A struct that is said to be longer than any text is told as one of so many letters. */
const LONGEST_TEXT = 10_000;

type Mutation = (model: UpdateModel, other: UpdateModel, random: SeededRandom) => void;

/**
 * A real update with its grammar kept and its sense changed, in one to four ways: clocks, lengths, references, clients,
 * kinds of content, deletes, the order and number of structs. `other` is another real update, best of the same
 * document, so that both speak of the same clients: an update that tells their history otherwise is what no check of
 * one update can see.
 */
export function mutateUpdate(bytes: Uint8Array, other: Uint8Array, random: SeededRandom): Uint8Array {
  const model = parseUpdate(bytes);
  const foreign = parseUpdate(other);
  do random.pick(MUTATIONS)(model, foreign, random);
  while (random.chance(0.5));
  // The order that the guard demands, or nearly nothing would get past it.
  if (random.chance(0.9)) model.blocks.sort((a, b) => b.client - a.client);
  return writeUpdate(model);
}

const MUTATIONS: readonly Mutation[] = [
  moveBlock,
  resize,
  collect,
  retype,
  rejoin,
  relate,
  rehome,
  repeat,
  drop,
  shuffle,
  adopt,
  borrow,
  changeDeletes,
  changeDeletes,
];

/** The same structs at other clocks, a little off: over known ones, or behind a gap. */
function moveBlock({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const block = some(blocks, random);
  if (block) block.clock = Math.max(0, block.clock + random.int(13) - 6);
}

/** A struct that is longer or shorter than it was. */
function resize({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const struct = some(some(blocks, random)?.structs, random);
  if (!struct) return;
  const length = random.chance(0.05)
    ? random.pick([0, 2 ** 20, 2 ** 31, 2 ** 40])
    : 1 + random.int(2 * lengthOf(struct) + 6);
  if (struct.kind === GC || struct.kind === SKIP || struct.kind === DELETED)
    struct.content = numberContent(length);
  else Object.assign(struct, { kind: TEXT, content: textContent('r'.repeat(Math.min(length, 2_000))) });
}

/** What was there is said to have been collected, or left out. */
function collect({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const block = some(blocks, random);
  const at = random.int(block?.structs.length ?? 0);
  const struct = block?.structs[at];
  if (!struct) return;
  const kind = random.pick([GC, GC, GC, SKIP, DELETED]);
  const length = Math.max(1, lengthOf(struct) + (random.chance(0.5) ? random.int(5) - 2 : 0));
  Object.assign(struct, { kind, content: numberContent(length) });
}

/** The content of another struct in the place of this one. */
function retype({ blocks }: UpdateModel, other: UpdateModel, random: SeededRandom): void {
  const struct = some(some(blocks, random)?.structs, random);
  const model = some(some(other.blocks, random)?.structs, random);
  if (struct && model) Object.assign(struct, { kind: model.kind, content: model.content });
}

/** Two structs told as one, or one as two: other bounds over the same clocks. */
function rejoin({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const block = some(blocks, random);
  const at = random.int(block?.structs.length ?? 0);
  const struct = block?.structs[at];
  if (!block || !struct) return;
  const length = lengthOf(struct);
  if (random.chance(0.5) && length > 1) {
    const told = 1 + random.int(Math.min(length, LONGEST_TEXT) - 1);
    const tail: Struct = { ...struct, kind: TEXT, content: textContent('s'.repeat(told)) };
    block.structs.splice(at, 1, { ...struct, kind: GC, content: numberContent(length - told) }, tail);
    return;
  }
  const next = block.structs[at + 1];
  if (!next) return;
  const joined = Math.min(length + lengthOf(next), LONGEST_TEXT);
  block.structs.splice(at, 2, { ...struct, kind: TEXT, content: textContent('j'.repeat(joined)) });
}

/** Origins that point elsewhere, or nowhere. */
function relate({ blocks }: UpdateModel, other: UpdateModel, random: SeededRandom): void {
  const struct = some(some(blocks, random)?.structs, random);
  if (!struct) return;
  const reference = random.chance(0.2)
    ? null
    : someReference(random.chance(0.5) ? blocks : other.blocks, random);
  if (random.chance(0.5)) struct.origin = reference;
  else struct.rightOrigin = reference;
}

/** Another parent: a root type of another kind or name, an item that may be no type at all. */
function rehome({ blocks }: UpdateModel, other: UpdateModel, random: SeededRandom): void {
  const struct = some(some(blocks, random)?.structs, random);
  if (!struct) return;
  const name = random.pick(['text', 'map', 'array', 'xml', 'another', '', '__proto__']);
  struct.origin = null;
  struct.rightOrigin = null;
  struct.parent = random.chance(0.6) ? name : someReference(random.pick([blocks, other.blocks]), random);
  struct.parentSub = random.chance(0.4) ? random.pick(['key0', 'key1', 'class', '', '__proto__']) : null;
}

function repeat({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const structs = some(blocks, random)?.structs;
  const struct = some(structs, random);
  if (structs && struct) structs.splice(random.int(structs.length + 1), 0, { ...struct });
}

function drop({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const structs = some(blocks, random)?.structs;
  if (structs && structs.length > 0) structs.splice(random.int(structs.length), 1 + random.int(2));
}

function shuffle({ blocks }: UpdateModel, _other: UpdateModel, random: SeededRandom): void {
  const block = some(blocks, random);
  if (block) block.structs = random.shuffled(block.structs);
}

/** Speaks for another client, with that client's clocks. */
function adopt({ blocks }: UpdateModel, other: UpdateModel, random: SeededRandom): void {
  const block = some(blocks, random);
  const victim = some(other.blocks, random);
  if (!block || !victim || blocks.some(({ client }) => client === victim.client)) return;
  block.client = victim.client;
  if (random.chance(0.7)) block.clock = Math.max(0, victim.clock + random.int(9) - 2);
}

/** A whole block of another update. */
function borrow({ blocks }: UpdateModel, other: UpdateModel, random: SeededRandom): void {
  const block = some(other.blocks, random);
  if (!block || blocks.some(({ client }) => client === block.client)) return;
  blocks.push({ ...block, structs: block.structs.map((struct) => ({ ...struct })) });
}

function changeDeletes({ deletes, blocks }: UpdateModel, other: UpdateModel, random: SeededRandom): void {
  const target = some(random.pick([blocks, other.blocks]), random);
  if (!target) return;
  const clock = Math.max(0, target.clock + random.int(20) - 5);
  const range: [number, number] = [
    clock,
    random.chance(0.02) ? random.pick([0, 2 ** 31, 2 ** 50]) : 1 + random.int(12),
  ];
  const known = deletes.find(({ client }) => client === target.client);
  if (!known) deletes.push({ client: target.client, ranges: [range] });
  else if (random.chance(0.7)) known.ranges = [range];
  else known.ranges.splice(random.int(known.ranges.length + 1), random.int(2), range);
}

function someReference(blocks: readonly Block[], random: SeededRandom): Reference | null {
  const block = some(blocks, random);
  if (!block) return null;
  const length = block.structs.reduce((sum, struct) => sum + lengthOf(struct), 0);
  return { client: block.client, clock: Math.max(0, block.clock + random.int(length + 4) - 2) };
}

function some<Element>(list: readonly Element[] | undefined, random: SeededRandom): Element | undefined {
  return list && list.length > 0 ? random.pick(list) : undefined;
}
