import { encodeUpdate } from '@kryton/engine/protocol/frames.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import type { Member } from './member.ts';
import { joinFrames, type PreparedFrame, prepareFrame } from './prepared-frame.ts';
import type { RoomState } from './room-state.ts';

/**
 * How one member is fed. `live`: every batch. `held`: an answer is being made, and the batches that it does not
 * cover follow it. `slow`: the outbox was full; it is answered as a client with this state vector when it drained.
 */
type Feed =
  | { readonly kind: 'live' }
  | { readonly kind: 'held' }
  | { readonly kind: 'slow'; readonly stateVector: Uint8Array };

const LIVE: Feed = { kind: 'live' };

type Collected = { readonly frame: PreparedFrame; readonly isPresence: boolean };

/** The members of a room and what each of them still has to be sent. */
export class Audience {
  readonly #state: RoomState;
  readonly #feeds = new Map<Member, Feed>();
  /** What {@link together} has collected so far; null outside of it. */
  #collected: Collected[] | null = null;

  constructor(state: RoomState) {
    this.#state = state;
  }

  get size(): number {
    return this.#feeds.size;
  }

  /** All members; who joins or leaves meanwhile does not disturb the walk. */
  members(): Member[] {
    return [...this.#feeds.keys()];
  }

  has(member: Member): boolean {
    return this.#feeds.has(member);
  }

  add(member: Member): void {
    this.#feeds.set(member, LIVE);
  }

  delete(member: Member): void {
    this.#feeds.delete(member);
  }

  /** Writes one batch to every live member; the result is to how many. Who cannot take it becomes slow (ROOM4). */
  deliver(frame: PreparedFrame): number {
    if (this.#collected === null) return this.#deliver(frame, null);
    this.#collected.push({ frame, isPresence: false });
    return this.#feeds.size;
  }

  /** Writes presence to every member that keeps up; the result is how many members there are. */
  deliverPresence(frame: PreparedFrame): number {
    if (this.#collected === null) for (const member of this.#feeds.keys()) member.deliverPresence(frame);
    else this.#collected.push({ frame, isPresence: true });
    return this.#feeds.size;
  }

  /**
   * What `run` delivers is written to each member at once, in its order: writing to sockets is most of what a fan-out
   * costs. A member that cannot take it is brought up to date from before all of it.
   */
  together(run: () => void): void {
    const fed = this.#state.fedStateVector();
    const collected: Collected[] = [];
    this.#collected = collected;
    try {
      run();
    } finally {
      this.#collected = null;
      this.#deliverAll(collected, fed);
    }
  }

  #deliverAll(collected: readonly Collected[], fed: Uint8Array): void {
    if (collected.length === 0) return;
    const frames = collected.map(({ frame }) => frame);
    const presence = collected.flatMap(({ frame, isPresence }) => (isPresence ? frame : []));
    // Who is being answered gets the updates behind the answer, but moves are told once.
    for (const [member, feed] of presence.length > 0 ? this.#feeds : []) {
      if (feed.kind !== 'live') for (const frame of presence) member.deliverPresence(frame);
    }
    const joined = joinFrames(frames);
    for (const frame of joined ? [joined] : frames) this.#deliver(frame, fed);
  }

  /** `fed` is what the members have, where that is no longer what the state says. */
  #deliver(frame: PreparedFrame, fed: Uint8Array | null): number {
    let sockets = 0;
    for (const [member, feed] of this.#feeds) {
      if (feed.kind !== 'live') continue;
      if (member.deliver(frame)) sockets++;
      else this.#feeds.set(member, { kind: 'slow', stateVector: fed ?? this.#state.fedStateVector() });
    }
    return sockets;
  }

  /** Brings a member from this encoded state vector to now, then feeds it live. Rejects when nothing can be loaded. */
  async sync(member: Member, stateVector: Uint8Array): Promise<void> {
    const feed: Feed = { kind: 'held' };
    this.#feeds.set(member, feed);
    let lacks = stateVector;
    for (;;) {
      const base = await this.#state.current();
      const { position } = base;
      const reached = base.encodedStateVector();
      const frames = await this.#state.answer(base, lacks);
      // It left meanwhile, or asked again.
      if (this.#feeds.get(member) !== feed) return;
      for (const frame of frames) member.send(frame);
      const rest = base === this.#state.loaded ? base.entriesAfter(position) : null;
      if (rest) {
        if (rest.length > 0) member.send(prepareFrame(encodeUpdate(mergeMany(rest))));
        this.#feeds.set(member, LIVE);
        this.#state.joinedFrom(base);
        return;
      }
      // The base state was replaced while we answered from it: go on from where that answer ended.
      lacks = reached;
    }
  }

  /** What {@link sync} does, at once; false, with nothing done, where making the answer takes a while. */
  syncAtOnce(member: Member, stateVector: Uint8Array): boolean {
    const base = this.#state.atHand();
    const frames = base ? this.#state.answerAtHand(base, stateVector) : null;
    if (!base || !frames) return false;
    for (const frame of frames) member.send(frame);
    this.#feeds.set(member, LIVE);
    this.#state.joinedFrom(base);
    return true;
  }

  /** The state vector from which a slow member has to be brought up to date; null for one that is not slow. */
  missedSince(member: Member): Uint8Array | null {
    const feed = this.#feeds.get(member);
    return feed?.kind === 'slow' ? feed.stateVector : null;
  }

  /** The members that have been sent everything so far. */
  live(): Member[] {
    return this.members().filter((member) => this.#feeds.get(member)?.kind === 'live');
  }
}
