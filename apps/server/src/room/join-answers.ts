import type { HeavyWork } from '@kryton/engine/compaction/heavy-work.ts';
import { encodeSyncStep2, encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import * as Y from 'yjs';
import type { BaseState } from './base-state.ts';
import { type PreparedFrame, prepareFrame } from './prepared-frame.ts';

/** Up to here merging and filtering take well under a millisecond and stay on the event loop (ROOM5). */
const INLINE_BYTES = 32 * 1024;
/** Up to here it takes less than waiting for a turn does: some tens of microseconds. */
const AT_ONCE_BYTES = 2 * 1024;
/** State vectors whose answers are kept; a crowd that joins together has one or two. */
const MAX_KEPT = 8;
/** The encoded state vector of an empty document. */
const NOTHING = '\0';

type Answer = PreparedFrame[] | Promise<PreparedFrame[]>;

/**
 * The answers to SyncStep1: what the base state has and the client lacks (WIRE2), made once for all clients that ask
 * with the same state vector (ROOM3).
 *
 * A large document is answered in two messages, so that a keystroke does not cost everybody who joins another merge
 * of megabytes: first what the client lacks of the tail as an update, which it keeps until it has what it builds on,
 * then the state as SyncStep2, with which the client counts as synced. In this order it never counts as synced too early.
 */
export class JoinAnswers {
  readonly #heavy: HeavyWork;
  readonly #onEncode: () => void;
  #base: BaseState | null = null;
  #position = '';
  #whole = new Map<string, PreparedFrame[]>();
  #states = new Map<string, Promise<PreparedFrame>>();
  /** Of the tail at {@link #position}. */
  #tails = new Map<string, Promise<PreparedFrame[]>>();
  #merged: Uint8Array | null = null;

  constructor(heavy: HeavyWork, onEncode: () => void) {
    this.#heavy = heavy;
    this.#onEncode = onEncode;
  }

  /** Frames that bring a client with this encoded state vector to `base.position`. Rejects when the pool fails. */
  answer(base: BaseState, stateVector: Uint8Array): Answer {
    this.#follow(base);
    const key = keyOf(stateVector);
    return base.bytes <= INLINE_BYTES
      ? this.#small(base, stateVector, key)
      : this.#large(base, stateVector, key);
  }

  /** The same where it is kept or next to nothing to make; else null. */
  atHand(base: BaseState, stateVector: Uint8Array): PreparedFrame[] | null {
    this.#follow(base);
    const key = keyOf(stateVector);
    return base.bytes <= AT_ONCE_BYTES ? this.#small(base, stateVector, key) : (this.#whole.get(key) ?? null);
  }

  forget(): void {
    this.#base = null;
    this.#whole = new Map();
    this.#states = new Map();
    this.#tails = new Map();
    this.#merged = null;
  }

  #follow(base: BaseState): void {
    const position = `${base.position.epoch}-${base.position.seq}`;
    if (base !== this.#base) this.forget();
    else if (position === this.#position) return;
    this.#base = base;
    this.#position = position;
    this.#whole.clear();
    this.#tails.clear();
    this.#merged = null;
  }

  #small(base: BaseState, stateVector: Uint8Array, key: string): PreparedFrame[] {
    const kept = this.#whole.get(key);
    if (kept) return kept;
    this.#onEncode();
    this.#merged ??= mergeMany([base.state, ...base.tail.map(({ update }) => update)]);
    const diff = key === NOTHING ? this.#merged : Y.diffUpdate(this.#merged, stateVector);
    const frames = [prepareFrame(encodeSyncStep2(diff))];
    keep(this.#whole, key, frames);
    return frames;
  }

  async #large(base: BaseState, stateVector: Uint8Array, key: string): Promise<PreparedFrame[]> {
    let tail = this.#tails.get(key);
    if (!tail) {
      tail = this.#encodeTail(base, stateVector, key);
      keep(this.#tails, key, tail);
      tail.catch(() => this.#tails.delete(key));
    }
    let state = this.#states.get(key);
    if (!state) {
      this.#onEncode();
      state = this.#encodeState(base, stateVector, key);
      keep(this.#states, key, state);
      // A failure is not an answer to keep.
      state.catch(() => this.#states.delete(key));
    }
    const [tailFrames, stateFrame] = await Promise.all([tail, state]);
    return [...tailFrames, stateFrame];
  }

  /** Nothing where the client has all of it: whoever comes back after a moment has. */
  async #encodeTail(base: BaseState, stateVector: Uint8Array, key: string): Promise<PreparedFrame[]> {
    const tail = base.mergedTail();
    if (!tail) return [];
    if (key === NOTHING) return [prepareFrame(encodeUpdate(tail))];
    const diff = await this.#diff(tail, stateVector);
    return isEmptyUpdate(diff) ? [] : [prepareFrame(encodeUpdate(diff))];
  }

  async #encodeState(base: BaseState, stateVector: Uint8Array, key: string): Promise<PreparedFrame> {
    if (key === NOTHING) return prepareFrame(encodeSyncStep2(base.state));
    return prepareFrame(encodeSyncStep2(await this.#diff(base.state, stateVector)));
  }

  async #diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array> {
    const isSmall = update.length <= INLINE_BYTES;
    return isSmall ? Y.diffUpdate(update, stateVector) : await this.#heavy.diff(update, stateVector);
  }
}

/** No structs of any client and no deletes: two counts of zero. */
function isEmptyUpdate(update: Uint8Array): boolean {
  return update.length === 2 && update[0] === 0 && update[1] === 0;
}

function keyOf(stateVector: Uint8Array): string {
  return Buffer.from(stateVector.buffer, stateVector.byteOffset, stateVector.byteLength).toString('latin1');
}

function keep<Value>(kept: Map<string, Value>, key: string, value: Value): void {
  const oldest = kept.size >= MAX_KEPT ? kept.keys().next().value : undefined;
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(key, value);
}
