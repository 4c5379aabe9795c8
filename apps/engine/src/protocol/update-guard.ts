import { ByteReader, UnreadableBytes } from './byte-reader.ts';
import { MAX_STATE_VECTOR_BYTES } from './frames.ts';
import { deepestNesting } from './nesting.ts';
import { readStateVector } from './state-vector-reader.ts';
import { readContent, readText, readTextLength, SUBDOCUMENT, TYPE } from './update-content.ts';
import { DEFAULT_UPDATE_LIMITS, MAX_CLOCK, type UpdateLimits } from './update-limits.ts';
import { UpdateRefused } from './update-refused.ts';

/** Structs of one client without a gap: clocks `clock` up to, not including, `clock + length`. */
export type StructRun = { readonly client: number; readonly clock: number; readonly length: number };
/** `[clock, length]` of what is deleted of one client. */
export type DeleteRange = readonly [clock: number, length: number];
/** By client, in clock order, without overlap. */
export type DeleteSet = ReadonlyMap<number, readonly DeleteRange[]>;

/** An update that may enter a document. */
export type CheckedUpdate = {
  /** The bytes that were checked, the same array. */
  readonly bytes: Uint8Array;
  /** In the order of the update, Skips left out; of one client in clock order. */
  readonly runs: readonly StructRun[];
  readonly deleteSet: DeleteSet;
  /** Neither structs nor deletes. */
  readonly isEmpty: boolean;
};

/** Bits of a struct's info byte (yjs `Item.js`, `write`): five of content, then what is present. */
const CONTENT_BITS = 0x1f;
const HAS_PARENT_SUB = 0x20;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_ORIGIN = 0x80;
const GC = 0;
const SKIP = 10;

const NO_DELETES: DeleteSet = new Map();

/**
 * Reads a Yjs v1 update and refuses everything that Yjs would misread, half apply, fail to write again, or that
 * costs more than its bytes: cut short or followed by more (a v2 update among them), numbers beyond clocks, structs
 * that depend on themselves, unknown or broken content, clients and deletes out of order, and counts above `limits`. What
 * passes applies to any document without throwing and leaves it loadable (`update-guard.fuzz.test.ts`); whether it
 * depends on structs nobody has cannot be seen here.
 *
 * Work and memory are bounded by the bytes, whatever they claim. Measured with Node 24: a keystroke 0.2 us (where
 * `Y.decodeUpdate`, which checks less, takes 0.35 us), a text of 1.1 MB 4 ms, and 500 KB of XML, whose nesting must be
 * followed, 23 ms: check what is larger than a frame of typing off the event loop (ROOM5).
 *
 * Throws {@link UpdateRefused}.
 */
export function checkUpdate(bytes: Uint8Array, limits: UpdateLimits = DEFAULT_UPDATE_LIMITS): CheckedUpdate {
  const reader = new ByteReader(bytes);
  try {
    const walk = new StructWalk(reader, limits);
    const runs = walk.read();
    const deleteSet = readDeleteSet(reader, limits);
    if (reader.left > 0) {
      const hint = bytes[0] === 0 ? '; is it a v2 update?' : '';
      throw new UpdateRefused('trailing-bytes', `${reader.left} bytes follow the update${hint}`);
    }
    if (walk.types > limits.typeDepth && deepestNesting(bytes) > limits.typeDepth) {
      throw new UpdateRefused('nested-too-deep', `shared types nest deeper than ${limits.typeDepth} levels`);
    }
    return { bytes, runs, deleteSet, isEmpty: runs.length === 0 && deleteSet.size === 0 };
  } catch (error) {
    if (error instanceof UnreadableBytes) {
      throw new UpdateRefused('unreadable', `the update cannot be read: ${error.message}`);
    }
    throw error;
  }
}

/** A state vector may name this many clients: each costs a lookup in every difference computed for it. */
export const MAX_STATE_VECTOR_ENTRIES = 60_000;

/** Reads the state vector of a SyncStep1: for each client a clock. Throws {@link UpdateRefused}. */
export function checkStateVector(bytes: Uint8Array): Map<number, number> {
  if (bytes.length > MAX_STATE_VECTOR_BYTES) {
    throw new UpdateRefused(
      'state-vector-too-large',
      `the state vector has ${bytes.length} bytes, ${MAX_STATE_VECTOR_BYTES} are allowed`,
    );
  }
  return readStateVector(bytes, MAX_STATE_VECTOR_ENTRIES);
}

/** One pass over the structs of an update (yjs `encoding.js`, `readClientsStructRefs`). */
class StructWalk {
  readonly #reader: ByteReader;
  readonly #limits: UpdateLimits;
  readonly #runs: StructRun[] = [];
  readonly #rootNames = new Set<string>();
  /** Shared types met so far: only many of them can nest deeply. */
  types = 0;
  #structs = 0;
  #subdocuments = 0;

  constructor(reader: ByteReader, limits: UpdateLimits) {
    this.#reader = reader;
    this.#limits = limits;
  }

  read(): StructRun[] {
    const clients = this.#reader.varUint();
    assertAtMost(this.#limits.clients, clients, 'too-many-clients', 'clients with structs');
    let previous = Number.POSITIVE_INFINITY;
    for (let i = 0; i < clients; i++) {
      const structs = this.#reader.varUint();
      this.#structs += structs;
      assertAtMost(this.#limits.structs, this.#structs, 'too-many-structs', 'structs');
      const client = this.#reader.varUint();
      if (client >= previous) {
        // `mergeUpdates` relies on the order: without it the merged update holds two blocks of one client, of which
        // Yjs reads the last only, and what honest clients wrote is lost. A client twice in one update is the same.
        throw new UpdateRefused('clients-out-of-order', `client ${client} stands after client ${previous}`);
      }
      previous = client;
      this.#readBlock(client, structs);
    }
    return this.#runs;
  }

  #readBlock(client: number, structs: number): void {
    let clock = this.#reader.varUint();
    let runStart = clock;
    for (let i = 0; i < structs; i++) {
      const info = this.#reader.byte();
      const length = this.#readStruct(info, client, clock);
      if (length === 0) throw new UpdateRefused('empty-struct', `a struct of client ${client} has no length`);
      assertClock(clock + length);
      if (info === SKIP) {
        if (clock > runStart) this.#runs.push({ client, clock: runStart, length: clock - runStart });
        runStart = clock + length;
      }
      clock += length;
    }
    if (clock > runStart) this.#runs.push({ client, clock: runStart, length: clock - runStart });
  }

  /** Passes over one struct and returns its length. */
  #readStruct(info: number, client: number, clock: number): number {
    if (info === GC || info === SKIP) return this.#reader.varUint();
    const contentRef = info & CONTENT_BITS;
    // Yjs' two readers disagree about a GC or Skip with flags, and nobody writes one.
    if (contentRef === GC || contentRef === SKIP) {
      throw new UpdateRefused('unknown-struct', `a struct with info byte ${info} does not exist in Yjs 13`);
    }
    if (info & HAS_ORIGIN) this.#readReference(client, clock);
    if (info & HAS_RIGHT_ORIGIN) this.#readReference(client, clock);
    if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
      this.#readParent(client, clock);
      if (info & HAS_PARENT_SUB) readTextLength(this.#reader);
    }
    return this.#readItemContent(contentRef);
  }

  #readItemContent(contentRef: number): number {
    if (contentRef === TYPE) this.types += 1;
    else if (contentRef === SUBDOCUMENT) {
      this.#subdocuments += 1;
      assertAtMost(this.#limits.subdocuments, this.#subdocuments, 'too-many-subdocuments', 'subdocuments');
    }
    const start = this.#reader.position;
    const length = readContent(this.#reader, contentRef);
    const contentBytes = this.#reader.position - start;
    assertAtMost(this.#limits.contentBytes, contentBytes, 'content-too-large', 'bytes in one struct');
    return length;
  }

  #readParent(client: number, clock: number): void {
    const isRoot = this.#reader.varUint();
    if (isRoot > 1)
      throw new UpdateRefused('unknown-struct', `parent info ${isRoot} does not exist in Yjs 13`);
    if (isRoot === 1) this.#readRootName();
    else this.#readReference(client, clock);
  }

  #readRootName(): void {
    const start = this.#reader.position;
    const name = readText(this.#reader);
    const nameBytes = this.#reader.position - start;
    assertAtMost(
      this.#limits.rootNameBytes,
      nameBytes,
      'root-name-too-long',
      'bytes in the name of a root type',
    );
    this.#rootNames.add(name);
    assertAtMost(this.#limits.rootNames, this.#rootNames.size, 'too-many-root-names', 'names of root types');
  }

  /** The id of another struct. Yjs looks one of the same client up without asking whether it is there already. */
  #readReference(client: number, clock: number): void {
    const otherClient = this.#reader.varUint();
    const otherClock = this.#reader.varUint();
    assertClock(otherClock);
    if (otherClient === client && otherClock >= clock) {
      throw new UpdateRefused(
        'bad-reference',
        `struct ${clock} of client ${client} depends on ${otherClock}`,
      );
    }
  }
}

/**
 * The deletes of an update (yjs `DeleteSet.js`). Ranges out of order or without length are refused: Yjs keeps those
 * that it cannot apply yet in the v2 format, which has no way to write them.
 */
function readDeleteSet(reader: ByteReader, limits: UpdateLimits): DeleteSet {
  const clients = reader.varUint();
  if (clients === 0) return NO_DELETES;
  assertAtMost(limits.clients, clients, 'too-many-clients', 'clients with deletes');
  const deleteSet = new Map<number, DeleteRange[]>();
  let total = 0;
  for (let i = 0; i < clients; i++) {
    const client = reader.varUint();
    if (deleteSet.has(client)) {
      throw new UpdateRefused('repeated-client', `client ${client} stands twice in the delete set`);
    }
    const count = reader.varUint();
    total += count;
    assertAtMost(limits.deleteRanges, total, 'too-many-delete-ranges', 'deleted ranges');
    const ranges = readRanges(reader, count);
    if (ranges.length > 0) deleteSet.set(client, ranges);
  }
  return deleteSet;
}

function readRanges(reader: ByteReader, count: number): DeleteRange[] {
  const ranges: DeleteRange[] = [];
  let end = 0;
  for (let i = 0; i < count; i++) {
    const clock = reader.varUint();
    const length = reader.varUint();
    if (length === 0) throw new UpdateRefused('bad-delete-set', 'a deleted range has no length');
    if (clock < end) throw new UpdateRefused('bad-delete-set', 'deleted ranges overlap or are out of order');
    end = clock + length;
    assertClock(end);
    ranges.push([clock, length]);
  }
  return ranges;
}

function assertClock(clock: number): void {
  if (clock > MAX_CLOCK) throw new UpdateRefused('clock-too-large', `clock ${clock} is larger than 2^31`);
}

function assertAtMost(limit: number, count: number, code: UpdateRefused['code'], what: string): void {
  if (count > limit) throw new UpdateRefused(code, `${count} ${what}, ${limit} are allowed`);
}
