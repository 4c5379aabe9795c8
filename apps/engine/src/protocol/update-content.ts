import type { ByteReader } from './byte-reader.ts';
import { parseShallowJson } from './json-check.ts';
import { MAX_VALUE_DEPTH } from './update-limits.ts';
import { UpdateRefused } from './update-refused.ts';

/** As lib0 decodes strings (`string.js`): anything that is not UTF-8 throws, a byte order mark is text. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Content references of an item (yjs `Item.js`, `contentRefs`). */
const DELETED = 1;
const JSON_LIST = 2;
const BINARY = 3;
const STRING = 4;
const EMBED = 5;
const FORMAT = 6;
export const TYPE = 7;
const ANY_LIST = 8;
export const SUBDOCUMENT = 9;

/** Shared types (yjs `ContentType.js`, `typeRefs`): 0 to 6, of which XML elements and hooks carry a name. */
const LAST_TYPE = 6;
const XML_ELEMENT = 3;
const XML_HOOK = 5;

/**
 * Passes over the content of one item and returns its length in clock units (for text: UTF-16 units). Accepts what
 * Yjs 13 reads and can write again, nothing else. Throws {@link UpdateRefused} or `UnreadableBytes`.
 */
export function readContent(reader: ByteReader, contentRef: number): number {
  switch (contentRef) {
    case STRING:
      return readTextLength(reader);
    case DELETED:
      return reader.varUint();
    case ANY_LIST:
      return readList(reader, () => readAny(reader, 0));
    case JSON_LIST:
      return readList(reader, () => readJson(reader, true));
    case BINARY:
      reader.skip(reader.varUint());
      return 1;
    case EMBED:
      readJson(reader, false);
      return 1;
    case FORMAT:
      readTextLength(reader);
      readJson(reader, false);
      return 1;
    case TYPE:
      readType(reader);
      return 1;
    case SUBDOCUMENT:
      readTextLength(reader);
      readSubdocumentOptions(reader);
      return 1;
    default:
      throw new UpdateRefused('unknown-content', `content of kind ${contentRef} does not exist in Yjs 13`);
  }
}

/** Reads a string. Throws {@link UpdateRefused} when it is not UTF-8. */
export function readText(reader: ByteReader): string {
  const bytes = reader.varBytes();
  try {
    return utf8.decode(bytes);
  } catch {
    throw new UpdateRefused('bad-text', 'a text is not valid UTF-8');
  }
}

/** The length of a string in UTF-16 units; decodes only what is not ASCII. */
export function readTextLength(reader: ByteReader): number {
  const start = reader.position;
  const lengthBytes = reader.varUint();
  const { bytes, position } = reader;
  reader.skip(lengthBytes);
  for (let at = position; at < position + lengthBytes; at++) {
    if ((bytes[at] ?? 0) >= 0x80) {
      reader.position = start;
      return readText(reader).length;
    }
  }
  return lengthBytes;
}

function readList(reader: ByteReader, readElement: () => unknown): number {
  const length = reader.varUint();
  // Every element takes a byte at least, so the loop is bounded by the input and not by the number it claims.
  for (let i = 0; i < length; i++) readElement();
  return length;
}

function readJson(reader: ByteReader, mayBeUndefined: boolean): void {
  const text = readText(reader);
  if (mayBeUndefined && text === 'undefined') return;
  if (parseShallowJson(text, MAX_VALUE_DEPTH) === undefined) {
    throw new UpdateRefused('bad-json', `a value is not JSON of at most ${MAX_VALUE_DEPTH} levels`);
  }
}

function readType(reader: ByteReader): void {
  const type = reader.varUint();
  if (type > LAST_TYPE)
    throw new UpdateRefused('unknown-content', `shared type ${type} does not exist in Yjs 13`);
  if (type === XML_ELEMENT || type === XML_HOOK) readTextLength(reader);
}

/** Passes over one value of lib0's "any" encoding (`decoding.js`, `readAnyLookupTable`). */
function readAny(reader: ByteReader, depth: number): void {
  if (depth > MAX_VALUE_DEPTH) {
    throw new UpdateRefused('nested-too-deep', `a value nests deeper than ${MAX_VALUE_DEPTH} levels`);
  }
  const tag = reader.byte();
  switch (tag) {
    case 127: // undefined
    case 126: // null
    case 121: // false
    case 120: // true
      return;
    case 125:
      readVarInt(reader);
      return;
    case 124: // float32
      reader.skip(4);
      return;
    case 123: // float64
    case 122: // bigint
      reader.skip(8);
      return;
    case 119: {
      readTextLength(reader);
      return;
    }
    case 118: {
      readList(reader, () => readProperty(reader, depth));
      return;
    }
    case 117: {
      readList(reader, () => readAny(reader, depth + 1));
      return;
    }
    case 116:
      reader.skip(reader.varUint());
      return;
    default:
      throw new UpdateRefused('unknown-content', `value type ${tag} does not exist in lib0`);
  }
}

function readProperty(reader: ByteReader, depth: number): string {
  const key = readText(reader);
  // lib0 assigns properties, so this one would become the prototype of the object instead of a part of it.
  if (key === '__proto__')
    throw new UpdateRefused('unknown-content', 'a value has a property named "__proto__"');
  readAny(reader, depth + 1);
  return key;
}

/** A signed integer: six bits and the sign in the first byte, then seven bits each; at most 8 bytes. */
function readVarInt(reader: ByteReader): void {
  let bytesLeft = 8;
  while (reader.byte() >= 0x80) {
    bytesLeft -= 1;
    if (bytesLeft === 0) throw new UpdateRefused('unreadable', 'an integer is longer than 8 bytes');
  }
}

/**
 * Options of a subdocument: an object. Yjs reads properties from it and spreads it over `{ guid }`, so null throws
 * in the reader, and a `guid` of another type makes the whole document impossible to write again.
 */
function readSubdocumentOptions(reader: ByteReader): void {
  const tag = reader.byte();
  if (tag !== 118)
    throw new UpdateRefused('bad-subdocument', 'the options of a subdocument are not an object');
  readList(reader, () => {
    const key = readProperty(reader, 0);
    if (key === 'guid' || key === 'gcFilter') {
      throw new UpdateRefused('bad-subdocument', `the options of a subdocument set "${key}"`);
    }
  });
}
