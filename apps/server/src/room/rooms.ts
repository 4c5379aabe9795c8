import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { Room } from './room.ts';
import type { RoomPorts } from './room-ports.ts';

/** A room that everybody left stays this long, because whoever reloads a page is back at once. */
const LINGER_MS = 5_000;

type Slot = {
  readonly opening: Promise<Room>;
  room: Room | null;
  users: number;
  cancelClose: (() => void) | null;
};

/** One user's hold on a room. */
export type RoomUse = {
  /** Rejects when the document cannot be opened; the use still has to be released. */
  readonly room: Promise<Room>;
  /** Called once, when the user leaves. */
  release(): void;
};

/** The rooms of a node: opened by the first who needs one, closed a while after the last one left. */
export class Rooms {
  readonly #ports: RoomPorts;
  readonly #timers: Timers;
  readonly #slots = new Map<DocId, Slot>();

  constructor(ports: RoomPorts) {
    this.#ports = ports;
    this.#timers = ports.timers;
  }

  get size(): number {
    return this.#slots.size;
  }

  /** The rooms that are open. */
  *open(): Iterable<Room> {
    for (const { room } of this.#slots.values()) if (room) yield room;
  }

  /** A use of a document's room, which is opened if need be. */
  use(docId: DocId): RoomUse {
    let slot = this.#slots.get(docId);
    if (!slot) {
      slot = { opening: Room.open(this.#ports, docId), room: null, users: 0, cancelClose: null };
      this.#slots.set(docId, slot);
      this.#watchOpening(docId, slot);
    }
    slot.users++;
    slot.cancelClose?.();
    slot.cancelClose = null;
    const held = slot;
    return { room: held.opening, release: () => this.#release(docId, held) };
  }

  /** Age in ms of the oldest update, of all open documents, that no snapshot covers; 0 when there is none. */
  oldestUnfoldedMs(): number {
    let oldest = 0;
    for (const room of this.open()) oldest = Math.max(oldest, room.unfoldedMs);
    return oldest;
  }

  /**
   * The document was deleted: its room ends with all that waits in it, so that nothing of it is stored again. Whoever is
   * in it has to be sent away.
   */
  discard(docId: DocId): void {
    const slot = this.#slots.get(docId);
    if (!slot?.room) return;
    this.#slots.delete(docId);
    void this.#end(docId, slot.room);
  }

  /** Appends what all rooms have gathered. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.open()].map((room) => room.drain()));
  }

  /** Closes all rooms, whoever is in them. */
  async close(): Promise<void> {
    const rooms = [...this.open()];
    this.#slots.clear();
    await Promise.allSettled(rooms.map((room) => room.close()));
  }

  #release(docId: DocId, slot: Slot): void {
    if (--slot.users > 0) return;
    slot.cancelClose = this.#timers.after(LINGER_MS, () => void this.#close(docId, slot));
  }

  #watchOpening(docId: DocId, slot: Slot): void {
    slot.opening.then(
      (room) => {
        slot.room = room;
      },
      () => {
        // The next one to come tries again.
        if (this.#slots.get(docId) === slot) this.#slots.delete(docId);
      },
    );
  }

  async #close(docId: DocId, slot: Slot): Promise<void> {
    if (slot.users > 0 || !slot.room) return;
    await slot.room.drain();
    // Somebody may have come while the last writes were on their way.
    if (slot.users > 0 || this.#slots.get(docId) !== slot) return;
    this.#slots.delete(docId);
    await this.#end(docId, slot.room);
  }

  async #end(docId: DocId, room: Room): Promise<void> {
    await room.close().catch((error) => {
      this.#ports.logger.warn({ docId, err: error }, 'the room could not unsubscribe');
    });
  }
}
