import * as encoding from 'lib0/encoding';
import { ByteReader } from '../../protocol/byte-reader.ts';
import { readContent } from '../../protocol/update-content.ts';

/** A Yjs v1 update as data that may be changed at will and written again, whether it still makes sense or not. */
export type UpdateModel = { readonly blocks: Block[]; readonly deletes: Deletes[] };
/** The structs of one client, the first at `clock`. */
export type Block = { client: number; clock: number; structs: Struct[] };
export type Deletes = { client: number; ranges: [clock: number, length: number][] };
export type Reference = { client: number; clock: number };

export type Struct = {
  /** GC, SKIP or the reference number of an item's content (yjs `Item.js`, `contentRefs`). */
  kind: number;
  origin: Reference | null;
  rightOrigin: Reference | null;
  /** Written where there is neither origin: the name of a root type, or the item of another type. */
  parent: string | Reference | null;
  /** Yjs sets its flag also where an origin makes the name unnecessary; it is '' then. */
  parentSub: string | null;
  /** As it is written behind the header; of a GC or Skip its length. */
  content: Uint8Array;
};

export const GC = 0;
export const SKIP = 10;
export const TEXT = 4;
export const DELETED = 1;
const KIND_BITS = 0x1f;
const HAS_PARENT_SUB = 0x20;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_ORIGIN = 0x80;

const utf8 = new TextDecoder();

/** Takes apart what Yjs wrote. Throws `UnreadableBytes` or `UpdateRefused` on anything else. */
export function parseUpdate(bytes: Uint8Array): UpdateModel {
  const reader = new ByteReader(bytes);
  const blocks = list(reader, () => {
    const structs = reader.varUint();
    const client = reader.varUint();
    const clock = reader.varUint();
    return { client, clock, structs: Array.from({ length: structs }, () => readStruct(reader)) };
  });
  const deletes = list(reader, () => ({
    client: reader.varUint(),
    ranges: list(reader, (): [number, number] => [reader.varUint(), reader.varUint()]),
  }));
  return { blocks, deletes };
}

export function writeUpdate({ blocks, deletes }: UpdateModel): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, blocks.length);
  for (const { client, clock, structs } of blocks) {
    for (const number of [structs.length, client, clock]) encoding.writeVarUint(encoder, number);
    for (const struct of structs) writeStruct(encoder, struct);
  }
  encoding.writeVarUint(encoder, deletes.length);
  for (const { client, ranges } of deletes) {
    for (const number of [client, ranges.length, ...ranges.flat()]) encoding.writeVarUint(encoder, number);
  }
  return encoding.toUint8Array(encoder);
}

/** How many clocks a struct takes; 0 for one that has become unreadable. */
export function lengthOf({ kind, content }: Struct): number {
  try {
    const reader = new ByteReader(content);
    return kind === GC || kind === SKIP ? reader.varUint() : readContent(reader, kind);
  } catch {
    return 0;
  }
}

/** The bytes of one number, and of one string, as contents hold them. */
export function numberContent(number: number): Uint8Array {
  return encoding.encode((encoder) => encoding.writeVarUint(encoder, number));
}

export function textContent(text: string): Uint8Array {
  return encoding.encode((encoder) => encoding.writeVarString(encoder, text));
}

function readStruct(reader: ByteReader): Struct {
  const info = reader.byte();
  const kind = info & KIND_BITS;
  const isItem = info !== GC && info !== SKIP;
  const origin = isItem && info & HAS_ORIGIN ? readReference(reader) : null;
  const rightOrigin = isItem && info & HAS_RIGHT_ORIGIN ? readReference(reader) : null;
  const hasParent = isItem && !origin && !rightOrigin;
  const parent = hasParent ? (reader.varUint() === 1 ? readString(reader) : readReference(reader)) : null;
  const hasParentSub = isItem && (info & HAS_PARENT_SUB) !== 0;
  const parentSub = hasParentSub ? (hasParent ? readString(reader) : '') : null;
  const start = reader.position;
  if (isItem) readContent(reader, kind);
  else reader.varUint();
  return {
    kind,
    origin,
    rightOrigin,
    parent,
    parentSub,
    content: reader.bytes.slice(start, reader.position),
  };
}

function writeStruct(encoder: encoding.Encoder, struct: Struct): void {
  const { kind, origin, rightOrigin, parent, parentSub, content } = struct;
  if (kind !== GC && kind !== SKIP) {
    const flags =
      (origin ? HAS_ORIGIN : 0) |
      (rightOrigin ? HAS_RIGHT_ORIGIN : 0) |
      (parentSub === null ? 0 : HAS_PARENT_SUB);
    encoding.writeUint8(encoder, kind | flags);
    if (origin) writeReference(encoder, origin);
    if (rightOrigin) writeReference(encoder, rightOrigin);
    if (!origin && !rightOrigin) {
      encoding.writeVarUint(encoder, typeof parent === 'object' && parent ? 0 : 1);
      if (typeof parent === 'object' && parent) writeReference(encoder, parent);
      else encoding.writeVarString(encoder, parent ?? 'text');
      if (parentSub !== null) encoding.writeVarString(encoder, parentSub);
    }
  } else encoding.writeUint8(encoder, kind);
  encoding.writeUint8Array(encoder, content);
}

function readReference(reader: ByteReader): Reference {
  return { client: reader.varUint(), clock: reader.varUint() };
}

function writeReference(encoder: encoding.Encoder, { client, clock }: Reference): void {
  encoding.writeVarUint(encoder, client);
  encoding.writeVarUint(encoder, clock);
}

function readString(reader: ByteReader): string {
  return utf8.decode(reader.varBytes());
}

function list<Element>(reader: ByteReader, read: () => Element): Element[] {
  return Array.from({ length: reader.varUint() }, () => read());
}
