import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { Room } from './room.ts';
import type { RoomLogger } from './room-ports.ts';
import type { Rooms } from './rooms.ts';

/** LOG4 asks for 5 s: this leaves room for a slow answer and the reading that follows, and costs an idle document little. */
const ROUND_MS = 3_500;
/** Heads asked for in one go; a node with thousands of documents spreads them over the round. */
const SLICE = 200;

/**
 * Compares where each open document stands with the tail of its log, so that a message that pub/sub dropped is
 * noticed without another edit (LOG4).
 */
export class TailWatch {
  readonly #rooms: Rooms;
  readonly #log: UpdateLog;
  readonly #logger: RoomLogger;
  readonly #timers: Timers;
  #isStopped = false;

  constructor(rooms: Rooms, log: UpdateLog, logger: RoomLogger, timers: Timers) {
    this.#rooms = rooms;
    this.#log = log;
    this.#logger = logger;
    this.#timers = timers;
  }

  /** Rounds until {@link stop}; an error of the log skips a slice and is logged. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      const rooms = [...this.#rooms.open()];
      const slices = Math.max(1, Math.ceil(rooms.length / SLICE));
      for (let slice = 0; slice < slices && !this.#isStopped; slice++) {
        await this.#compare(rooms.slice(slice * SLICE, (slice + 1) * SLICE));
        await pause(this.#timers, ROUND_MS / slices);
      }
    }
  }

  /** Compares everything at once: a subscription was interrupted, messages may have been missed. */
  async compareAll(): Promise<void> {
    const rooms = [...this.#rooms.open()];
    for (let from = 0; from < rooms.length; from += SLICE) {
      const slice = rooms.slice(from, from + SLICE);
      await this.#compare(slice);
      for (const room of slice) room.reintroduce();
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #compare(rooms: readonly Room[]): Promise<void> {
    if (rooms.length === 0) return;
    try {
      await this.#compareTogether(rooms);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the tails of open documents could not be compared');
      if (rooms.length === 1) return;
      // Where one shard of a cluster is away, the documents of the others are as well as ever.
      await Promise.allSettled(rooms.map((room) => this.#compareTogether([room])));
    }
  }

  async #compareTogether(rooms: readonly Room[]): Promise<void> {
    const asked = rooms.map((room) => room.reached);
    const heads = await this.#log.heads(
      rooms.map((room) => room.docId),
      { isOpen: true },
    );
    rooms.forEach((room, index) => {
      const at = asked[index];
      if (at) room.compare(heads[index] ?? null, at);
      room.tick();
    });
  }
}
