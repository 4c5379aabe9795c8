import type { Position } from '@kryton/engine/log/position.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { bringsNothingNew } from '@kryton/engine/protocol/state-vector.ts';
import { type CheckedUpdate, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { TRUSTED_UPDATE_LIMITS } from '@kryton/engine/protocol/update-limits.ts';
import { loadBase, MAX_TAIL_BYTES, MAX_TAIL_ENTRIES } from './base-loader.ts';
import type { BaseState } from './base-state.ts';
import { DeletedIndex } from './deleted-ranges.ts';
import { JoinAnswers } from './join-answers.ts';
import type { PreparedFrame } from './prepared-frame.ts';
import type { RoomPorts } from './room-ports.ts';

const NO_STATE_VECTOR = Uint8Array.of(0);
/** Entries that were checked when they were appended and are too large to be decoded again on the event loop. */
const LARGE_BYTES = 64 * 1024;

/** An entry that may be fanned out; `content` is null where it was too large to look into again. */
export type CheckedEntry = { readonly update: Uint8Array; readonly content: CheckedUpdate | null };

/**
 * What a room knows of its document: the base state while the node-wide budget lets it keep one, loaded again when
 * somebody joins (ROOM1), and the answers made from it.
 */
export class RoomState {
  readonly #ports: RoomPorts;
  readonly #docId: DocId;
  readonly #position: () => Position;
  readonly #answers: JoinAnswers;
  #base: BaseState | null = null;
  #loading: Promise<BaseState> | null = null;
  /** What came from the log while the base state was being loaded. */
  #arrived: { position: Position; entry: CheckedEntry }[] = [];
  #deleted: DeletedIndex | null = null;

  constructor(ports: RoomPorts, docId: DocId, position: () => Position) {
    this.#ports = ports;
    this.#docId = docId;
    this.#position = position;
    this.#answers = new JoinAnswers(ports.heavy, () => ports.metrics.encode());
  }

  /** The base state if there is one at the moment. */
  get loaded(): BaseState | null {
    return this.#base;
  }

  /** The base state, loaded if need be: one load for all who ask meanwhile (ROOM3). */
  async current(): Promise<BaseState> {
    if (!this.#base) return await this.reload();
    this.#use(this.#base);
    return this.#base;
  }

  /** Loads the base state anew from snapshot and log. */
  reload(): Promise<BaseState> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
      this.#arrived = [];
    });
    return this.#loading;
  }

  answer(base: BaseState, stateVector: Uint8Array): PreparedFrame[] | Promise<PreparedFrame[]> {
    return this.#answers.answer(base, stateVector);
  }

  /** What is durable, as SyncStep1 carries it; that of an empty document while no base state is kept. */
  encodedStateVector(): Uint8Array {
    return this.#base?.encodedStateVector() ?? NO_STATE_VECTOR;
  }

  /** Whether an entry of the log may be fanned out; null for one that cannot be read and is set aside (LOG9). */
  check(position: Position, update: Uint8Array): CheckedEntry | null {
    if (update.length > LARGE_BYTES) return { update, content: null };
    try {
      return { update, content: checkUpdate(update, TRUSTED_UPDATE_LIMITS) };
    } catch (error) {
      this.#ports.metrics.setAside();
      this.#ports.logger.error(
        { docId: this.#docId, position, err: error },
        'a log entry cannot be read and is left out',
      );
      this.#base?.skip(position);
      return null;
    }
  }

  /** Takes the next entry of the log into the base state. */
  append(position: Position, entry: CheckedEntry): void {
    if (this.#loading) this.#arrived.push({ position, entry });
    const base = this.#base;
    if (!base) return;
    if (!entry.content || base.tail.length >= MAX_TAIL_ENTRIES || base.tailBytes >= MAX_TAIL_BYTES) {
      // The snapshot has moved on by the time somebody joins; loading it then is cheaper than merging now.
      this.drop();
      return;
    }
    if (base.append(position, entry.content)) this.#ports.cache.grow(this, entry.update.length);
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
    this.#base = null;
    this.#deleted = null;
    this.#answers.forget();
    this.#ports.cache.release(this);
  }

  async #load(): Promise<BaseState> {
    const base = await loadBase(this.#ports, this.#docId, this.#position());
    for (const { position, entry } of this.#arrived) {
      if (entry.content) base.append(position, entry.content);
    }
    this.#base = base;
    this.#deleted = null;
    this.#use(base);
    return base;
  }

  #use(base: BaseState): void {
    this.#ports.cache.hold(this, base.bytes, () => this.drop());
  }
}
