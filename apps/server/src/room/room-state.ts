import { comparePositions, follows, ORIGIN, type Position } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { newPart } from '@kryton/engine/protocol/new-part.ts';
import {
  bringsNothingNew,
  encodeStateVector,
  extendStateVector,
  lowerTo,
  type StateVector,
} from '@kryton/engine/protocol/state-vector.ts';
import { type CheckedUpdate, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import { loadBase, MAX_TAIL_BYTES, MAX_TAIL_ENTRIES } from './base-loader.ts';
import type { BaseState } from './base-state.ts';
import { DeletedIndex } from './deleted-ranges.ts';
import { JoinAnswers } from './join-answers.ts';
import type { PreparedFrame } from './prepared-frame.ts';
import type { RoomPorts } from './room-ports.ts';

const NO_STATE_VECTOR = Uint8Array.of(0);
const NOTHING_KNOWN: ReadonlyMap<number, number> = new Map();
/** State vectors of up to this many clients are kept when their base state is given up; a few tens of KB. */
const MAX_KEPT_CLIENTS = 1_000;
/** Entries that were checked when they were appended and are too large to be decoded again on the event loop. */
const LARGE_BYTES = 64 * 1024;

/** What is merged for a newcomer at most, rather than read again from the log: the log of half a minute is not less. */
const KEPT_TAIL_ENTRIES = 8 * MAX_TAIL_ENTRIES;
const KEPT_TAIL_BYTES = 16 * MAX_TAIL_BYTES;

/**
 * A tail that takes more memory than this is kept for newcomers only as long as there are some: documents that people
 * edit for hours and nobody joins would fill the memory of the node with what was edited.
 */
const UNUSED_TAIL_BYTES = 64 * 1024;
const UNUSED_MS = 60_000;

/** An entry that may be fanned out; `content` is null where it was too large to look into again. */
export type CheckedEntry = { readonly update: Uint8Array; readonly content: CheckedUpdate | null };

/**
 * What a room knows of its document: the base state while the node-wide budget lets it keep one, loaded again when
 * somebody joins (ROOM1), and the answers made from it.
 */
export class RoomState {
  readonly #ports: RoomPorts;
  readonly #docId: DocId;
  readonly #notBefore: () => Position;
  readonly #answers: JoinAnswers;
  #base: BaseState | null = null;
  /** Up to where the members were fed what the log brought. The base state may be ahead of that: it is read at once. */
  #fedTo: Position = ORIGIN;
  /** What the members were fed, where the base state does not tell; null where nothing is known. */
  #fed: StateVector | null = null;
  #loading: Promise<BaseState> | null = null;
  #compacting: Promise<void> | null = null;
  /** What came from the log while the base state was being loaded. */
  #arrived: { position: Position; entry: CheckedEntry }[] = [];
  #deleted: DeletedIndex | null = null;
  /** When the base state was last answered from, by `timers.now`. */
  #usedAt = 0;
  #hasOthers = true;
  #loadedIn: Traceparent | null = null;

  /** `notBefore` is the furthest position of the log that this node knows of (LOG3). */
  constructor(ports: RoomPorts, docId: DocId, notBefore: () => Position) {
    this.#ports = ports;
    this.#docId = docId;
    this.#notBefore = notBefore;
    this.#answers = new JoinAnswers(ports.heavy, () => ports.metrics.encode());
  }

  /** Whether other nodes may have had the document open when it was last loaded. */
  get hasOthers(): boolean {
    return this.#hasOthers;
  }

  /** The span of the last load, where tracing is on. */
  get loadedIn(): Traceparent | null {
    return this.#loadedIn;
  }

  /** The base state if there is one at the moment. */
  get loaded(): BaseState | null {
    return this.#base;
  }

  /** The base state, loaded if need be: one load for all who ask meanwhile (ROOM3). */
  async current(): Promise<BaseState> {
    if (this.#base && !isShort(this.#base)) await this.#compact(this.#base);
    if (!this.#base) return await this.reload();
    this.#use(this.#base);
    return this.#base;
  }

  /** The base state where it can be answered from as it is: without loading or merging anything; else null. */
  atHand(): BaseState | null {
    if (!this.#base || !isShort(this.#base)) return null;
    this.#use(this.#base);
    return this.#base;
  }

  /** Loads the base state anew from snapshot and log. */
  reload(): Promise<BaseState> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  answer(base: BaseState, stateVector: Uint8Array): PreparedFrame[] | Promise<PreparedFrame[]> {
    return this.#answers.answer(base, stateVector);
  }

  /** The answer where it is there already or takes next to nothing to make; else null. */
  answerAtHand(base: BaseState, stateVector: Uint8Array): PreparedFrame[] | null {
    return this.#answers.atHand(base, stateVector);
  }

  /** The encoded state vector of what every live member was fed, or less where that is not known. */
  fedStateVector(): Uint8Array {
    if (this.#base && !this.#isAhead(this.#base)) return this.#base.encodedStateVector();
    return this.#fed ? encodeStateVector(this.#fed) : NO_STATE_VECTOR;
  }

  #fedSoFar(): StateVector | null {
    return this.#base && !this.#isAhead(this.#base) ? this.#base.stateVector : this.#fed;
  }

  /**
   * A member was brought to `base` and is fed live from now on. One that is ahead in a later epoch need not hold what
   * the others were fed of an earlier one: the log may have lost it (LOG3).
   */
  joinedFrom(base: BaseState): void {
    if (this.#fed && base.position.epoch > this.#fedTo.epoch) lowerTo(this.#fed, base.stateVector);
  }

  /** From now on the members are fed what comes after `position`; what is before it they are brought in another way. */
  feedFrom(position: Position): void {
    this.#fedTo = position;
    this.#fed = null;
  }

  /**
   * What of an entry of the log is to be fanned out: its new part, as far as is known what the members were fed. Null
   * for an entry that cannot be read and is set aside (LOG9).
   */
  check(position: Position, update: Uint8Array): CheckedEntry | null {
    if (update.length > LARGE_BYTES) return { update, content: null };
    try {
      const content = checkUpdate(update, TRUSTED_UPDATE_LIMITS);
      const part = newPart(content, this.#fedSoFar() ?? NOTHING_KNOWN);
      // One that brings nothing goes out as it is: it harms nobody, and whoever sent it twice may wait for its echo.
      return part.isEmpty ? { update, content } : { update: part.bytes, content: part };
    } catch (error) {
      this.#ports.metrics.setAside();
      this.#ports.logger.error(
        { docId: this.#docId, position, err: error },
        'a log entry cannot be read and is left out',
      );
      if (this.#base && !this.#isAhead(this.#base)) this.#base.skip(position);
      this.#fedTo = position;
      return null;
    }
  }

  /** Takes the next entry of the log, which the members have just been fed. */
  append(position: Position, entry: CheckedEntry): void {
    if (this.#loading) this.#arrived.push({ position, entry });
    const kept = this.#base;
    if (kept && !this.#isAhead(kept) && !(this.#isWorthKeeping(kept) && continues(kept, position, entry)))
      this.drop();
    const base = this.#base;
    if (base && entry.content && !this.#isAhead(base)) {
      const before = base.memoryBytes;
      if (base.append(position, entry.content)) this.#ports.cache.grow(this, base.memoryBytes - before);
    } else if (this.#fed && entry.content) {
      extendStateVector(this.#fed, entry.content);
    }
    this.#fedTo = position;
  }

  /** WIRE6: whether `update` holds structs or deletes that are not durable yet. */
  async isNews(update: CheckedUpdate): Promise<boolean> {
    if (update.isEmpty) return false;
    const base = this.#base;
    if (!base) return true;
    if (this.#deleted?.base !== base) this.#deleted = new DeletedIndex(base, this.#ports.heavy);
    try {
      const ranges = await this.#deleted.ranges();
      return !bringsNothingNew(update, base.stateVector, ranges);
    } catch (error) {
      // Appending it once more is harmless; refusing it would not be.
      this.#ports.logger.warn({ docId: this.#docId, err: error }, 'the delete set could not be read');
      this.#deleted = null;
      return true;
    }
  }

  /** Gives up the base state. */
  drop(): void {
    const base = this.#base;
    if (base && !this.#isAhead(base)) {
      this.#fed = base.stateVector.size <= MAX_KEPT_CLIENTS ? base.stateVector : null;
    }
    this.#base = null;
    this.#deleted = null;
    this.#answers.forget();
    this.#ports.cache.release(this);
  }

  /** Merges the tail into the state, once for all who ask meanwhile; what cannot be merged is loaded again. */
  #compact(base: BaseState): Promise<void> {
    this.#compacting ??= this.#merge(base).finally(() => {
      this.#compacting = null;
    });
    return this.#compacting;
  }

  async #merge(base: BaseState): Promise<void> {
    const { position, state, tail } = base;
    try {
      const merged = await this.#ports.heavy.mergeMany([state, ...tail.map(({ update }) => update)]);
      if (this.#base !== base) return;
      this.#base = base.compacted(merged, position);
      this.#deleted = null;
    } catch (error) {
      this.#ports.logger.warn({ docId: this.#docId, err: error }, 'a base state could not be merged');
      if (this.#base === base) this.drop();
    }
  }

  async #load(): Promise<BaseState> {
    const base = await this.#loadWhole();
    this.#base = base;
    this.#deleted = null;
    this.#use(base);
    return base;
  }

  /** The base state with all that arrived while it was loaded; loaded again where that was too large to be looked into. */
  async #loadWhole(): Promise<BaseState> {
    for (;;) {
      this.#arrived = [];
      const { base, hasOthers, span } = await loadBase(this.#ports, this.#docId, this.#notBefore());
      this.#hasOthers = hasOthers;
      this.#loadedIn = span;
      const later = this.#arrived.filter(({ position }) => comparePositions(position, base.position) > 0);
      const isWhole = later.every(
        ({ position, entry }) =>
          entry.content !== null && continues(base, position, entry) && base.append(position, entry.content),
      );
      if (isWhole) return base;
    }
  }

  #isAhead(base: BaseState): boolean {
    return comparePositions(base.position, this.#fedTo) > 0;
  }

  #use(base: BaseState): void {
    this.#usedAt = this.#ports.timers.now();
    this.#ports.cache.hold(this, base.memoryBytes, () => this.drop());
  }

  /** Up to here a tail is kept for the next who joins; then the snapshot has moved on, and loading that is cheaper. */
  #isWorthKeeping({ tail, tailBytes, tailMemoryBytes }: BaseState): boolean {
    if (tail.length >= KEPT_TAIL_ENTRIES || tailBytes >= KEPT_TAIL_BYTES) return false;
    return tailMemoryBytes < UNUSED_TAIL_BYTES || this.#ports.timers.now() - this.#usedAt < UNUSED_MS;
  }
}

/** A longer tail is merged in a thread before it is answered from (ROOM5). */
function isShort({ tail, tailBytes }: BaseState): boolean {
  return tail.length < MAX_TAIL_ENTRIES && tailBytes < MAX_TAIL_BYTES;
}

/** Whether `base` may take the entry: one with a hole would be passed on to everybody who joins (LOG2). */
function continues(base: BaseState, position: Position, entry: CheckedEntry): boolean {
  return entry.content !== null && follows(position, base.position);
}
