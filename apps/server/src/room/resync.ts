import { encodeSyncStep1 } from '@kryton/engine/protocol/frames.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { Audience } from './audience.ts';
import type { BaseState } from './base-state.ts';
import type { LogFollower, ResyncReason } from './log-follower.ts';
import { lostEntries } from './lost-entries.ts';
import { prepareFrame } from './prepared-frame.ts';
import type { RoomPorts } from './room-ports.ts';
import type { RoomState } from './room-state.ts';

export type ResyncParts = {
  readonly docId: DocId;
  readonly ports: Pick<RoomPorts, 'heavy' | 'logger'>;
  readonly state: RoomState;
  readonly follower: LogFollower;
  readonly audience: Audience;
  /** Takes what the node itself brings back. */
  readonly write: (update: Uint8Array) => void;
};

/** Starts a room over from snapshot and log when its log cannot be followed any further (LOG2, LOG3). */
export class Resync {
  readonly #parts: ResyncParts;
  #running: Promise<void> | null = null;

  constructor(parts: ResyncParts) {
    this.#parts = parts;
  }

  /** Loads snapshot and tail again, and brings every member to there; one at a time. Rejects when it cannot load. */
  run(reason: ResyncReason): Promise<void> {
    this.#running ??= this.#reload(reason).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #reload(reason: ResyncReason): Promise<void> {
    const { docId, ports, state, follower, audience } = this.#parts;
    const before = follower.position;
    const fed = state.fedStateVector();
    const held = state.loaded;
    const base = await state.reload();
    follower.restart(base.position);
    state.feedFrom(base.position);
    if (held && before.epoch < base.position.epoch) void this.#bringBack(held, base);
    if (audience.size === 0) return;
    ports.logger.info({ docId, reason, before, now: base.position }, 'resynced the document');
    // What the log lost, the clients still hold: they are asked for it. What they missed, they are sent.
    const question = prepareFrame(encodeSyncStep1(base.encodedStateVector()));
    for (const member of audience.members()) member.send(question);
    for (const member of audience.live()) {
      audience.sync(member, fed).catch((error) => {
        ports.logger.warn({ docId, err: error }, 'a member could not be resynced');
        member.close('overloaded');
      });
    }
  }

  /** LOG3: what the log lost and this node still holds comes back from here too. */
  async #bringBack(held: BaseState, base: BaseState): Promise<void> {
    const { docId, ports, state, write } = this.#parts;
    try {
      const lost = await lostEntries(ports.heavy, held, base);
      if (await state.isNews(lost)) write(lost.bytes);
    } catch (error) {
      ports.logger.warn(
        { docId, err: error },
        'what this node holds could not be brought back; its clients bring back what they hold',
      );
    }
  }
}
