import type { Position } from '@kryton/engine/log/position.ts';
import { type LogHead, LogUnavailable } from '@kryton/engine/log/update-log.ts';
import type { CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import { encodeSyncStep1 } from '@kryton/engine/protocol/frames.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import { mergeMany } from '@kryton/engine/protocol/merge-updates.ts';
import type { PresenceEntry } from '@kryton/engine/protocol/presence-codec.ts';
import type { CheckedUpdate } from '@kryton/engine/protocol/update-guard.ts';
import type { Traceparent } from '@kryton/engine/tracing/traceparent.ts';
import { Audience } from './audience.ts';
import { Backpressure } from './backpressure.ts';
import type { BaseState } from './base-state.ts';
import { FanOut } from './fan-out.ts';
import type { Appended } from './fan-out-watch.ts';
import { FoldSchedule } from './fold-schedule.ts';
import { LogFollower } from './log-follower.ts';
import { LogWriter } from './log-writer.ts';
import type { Member } from './member.ts';
import { prepareFrame } from './prepared-frame.ts';
import { Resync } from './resync.ts';
import type { RoomPorts } from './room-ports.ts';
import { RoomPresence } from './room-presence.ts';
import { RoomState } from './room-state.ts';

/** Larger batches are merged in a thread (ROOM5). */
const INLINE_MERGE_BYTES = 256 * 1024;

/**
 * One open document on this node: its members, what they send on its way to the log, what the log brings on its way
 * to them, and their presence. It keeps no Y.Doc (ROOM1).
 */
export class Room {
  readonly docId: DocId;
  readonly #ports: RoomPorts;
  readonly #state: RoomState;
  readonly #audience: Audience;
  readonly #writer: LogWriter;
  readonly #follower: LogFollower;
  readonly #fanOut: FanOut;
  readonly #presence: RoomPresence;
  readonly #folds: FoldSchedule;
  readonly #backpressure: Backpressure;
  readonly #resync: Resync;
  #unsubscribe: () => Promise<void> = async () => {};

  /** Subscribes, then loads, so that nothing falls in between. Rejects when log or snapshots cannot be reached. */
  static async open(ports: RoomPorts, docId: DocId): Promise<Room> {
    const room = new Room(ports, docId);
    room.#unsubscribe = await ports.log.subscribe(docId, {
      entry: (position, update) => room.#fanOut.announced(position, update),
      presence: (message) => room.#presence.receiveMessage(message),
    });
    try {
      await room.#resync.run('lost');
    } catch (error) {
      await room.close();
      throw error;
    }
    // Where nobody else is, nobody answers; and whoever comes later asks in turn.
    if (room.#state.hasOthers) room.#presence.ask();
    return room;
  }

  private constructor(ports: RoomPorts, docId: DocId) {
    this.docId = docId;
    this.#ports = ports;
    const { log, timers, limits, logger, metrics } = ports;
    const onError = (error: unknown) =>
      logger.warn({ docId, err: error }, 'the log or the snapshots do not answer');
    this.#state = new RoomState(ports, docId, () => this.#follower.reached);
    this.#audience = new Audience(this.#state);
    this.#presence = new RoomPresence(ports, docId, this.#audience);
    this.#fanOut = new FanOut({
      docId,
      ports,
      state: this.#state,
      audience: this.#audience,
      presence: this.#presence,
      follower: () => this.#follower,
      onArrival: () => this.#writer.hurry(),
    });
    this.#folds = new FoldSchedule(ports, docId);
    this.#backpressure = new Backpressure(ports.pending);
    this.#follower = new LogFollower({
      docId,
      log,
      timers,
      onEntry: (position, update) => this.#fanOut.deliver(position, update),
      onResync: (reason) => this.#resync.run(reason),
      onHeal: (reason) => metrics.resync(reason),
      onError,
    });
    this.#writer = new LogWriter({
      docId,
      log,
      timers,
      graceMs: limits.graceMs,
      merge: (updates) => this.#merge(updates),
      known: () => this.#follower.reached,
      windowMs: () => this.#fanOut.nextWindowMs(),
      onLost: () => this.#resync.run('lost'),
      onAppended: (appended) => this.#appended(appended),
      onSettled: (bytes) => this.#backpressure.settled(bytes),
      onUnreachable: () => {
        metrics.appendFailed('given-up');
        this.#backpressure.settled(this.pendingBytes);
        this.closeAll('logUnreachable');
      },
      onRetry: (error) => {
        metrics.appendFailed('retried');
        onError(error);
      },
      onUnmergeable: (error) => {
        metrics.setAside();
        logger.error({ docId, err: error }, 'a batch cannot be merged and is appended piece by piece');
      },
    });
    this.#resync = new Resync({
      docId,
      ports,
      state: this.#state,
      follower: this.#follower,
      audience: this.#audience,
      write: (update) => {
        this.#backpressure.accepted(null, update.length);
        this.#writer.write(update);
      },
    });
  }

  get size(): number {
    return this.#audience.size;
  }

  /** The furthest position of the document's log that this node knows of; see {@link LogFollower.reached}. */
  get reached(): Position {
    return this.#follower.reached;
  }

  /** The span of the last load, where tracing is on. */
  get loadedIn(): Traceparent | null {
    return this.#state.loadedIn;
  }

  /** Bytes that are accepted and not yet durable. */
  get pendingBytes(): number {
    return this.#backpressure.pendingBytes;
  }

  /** For how long this document has had updates that no snapshot covers, as far as this node saw, in ms. */
  get unfoldedMs(): number {
    return this.#folds.unfoldedMs;
  }

  /**
   * Adds a member: it hears SyncStep1 with the durable state vector, then who is here (WIRE2, PRES4). A promise where
   * the document has to be loaded first.
   */
  join(member: Member): Promise<void> | undefined {
    this.#audience.add(member);
    const base = this.#state.atHand();
    if (!base) return this.#state.current().then((loaded) => this.#welcome(member, loaded));
    this.#welcome(member, base);
    return undefined;
  }

  leave(member: Member): void {
    this.#audience.delete(member);
    this.#backpressure.leave(member);
    this.#presence.leave(member);
  }

  /** Answers SyncStep1: what the client with this encoded state vector lacks, then everything after it. */
  async sync(member: Member, stateVector: Uint8Array): Promise<void> {
    await this.#audience.sync(member, stateVector);
  }

  /** The same in this very moment, where next to nothing has to be done for it; false where it takes a while. */
  syncAtOnce(member: Member, stateVector: Uint8Array): boolean {
    return this.#audience.syncAtOnce(member, stateVector);
  }

  /** The member's outbox has room again: one differential answer, and who is here, replace what it missed (ROOM4). */
  async drained(member: Member): Promise<void> {
    const missedSince = this.#audience.missedSince(member);
    if (missedSince) {
      this.#ports.metrics.resync('slow-reader');
      await this.sync(member, missedSince);
    }
    this.tellPresence(member);
  }

  /** Whether a client's SyncStep2 holds anything that is not durable yet (WIRE6). */
  async isNews(update: CheckedUpdate): Promise<boolean> {
    return await this.#state.isNews(update);
  }

  /** Takes an update from a member that may write; the result is its ticket for {@link whenDurable}. */
  write(member: Member, update: Uint8Array): number {
    this.#ports.metrics.updateIn(update.length);
    this.#backpressure.accepted(member, update.length);
    return this.#writer.write(update);
  }

  /** Calls `done` once the write with `ticket`, and all before it, are durable (WIRE5). */
  whenDurable(ticket: number, done: () => void): void {
    this.#writer.whenDurable(ticket, done);
  }

  /**
   * Takes an update of somebody who is no member; resolves when it and all before it are durable (LOG1). Rejects with
   * {@link LogUnavailable} when it was given up: it may be in the log or not. So too, and then it is not, while more
   * waits for the log than the node has memory for (LOG6): a member is not read from then, and this one asks again.
   */
  async append(update: Uint8Array): Promise<void> {
    if (this.#ports.pending.isOver)
      throw new LogUnavailable('more updates wait for the log than the node has memory for');
    this.#ports.metrics.updateIn(update.length);
    this.#backpressure.accepted(null, update.length);
    const ticket = this.#writer.write(update);
    await new Promise<void>((resolve, reject) => {
      this.#writer.whenDurable(ticket, resolve, () =>
        reject(new LogUnavailable(`the log of ${this.docId} did not take an update in time`)),
      );
    });
  }

  /** What a member says of its own presence; what it says of others is passed over (PRES2). */
  receivePresence(member: Member, entries: readonly PresenceEntry[]): void {
    this.#presence.receive(member, entries);
  }

  /** Whether an entry in a member's presence message is worth reading; see {@link PresenceBoard.isNews}. */
  isPresenceNews(member: Member, clientId: number, clock: number): boolean {
    return this.#presence.isNews(member, clientId, clock);
  }

  /** Sends a member everybody who is here. */
  tellPresence(member: Member): void {
    this.#presence.tell(member);
  }

  /** Compares with the head of the log that was asked for when {@link Room.reached} was `asked` (LOG4, SNAP5). */
  compare(head: LogHead | null, asked: Position): void {
    this.#fanOut.flush();
    this.#follower.compare(head, asked);
    if (head) this.#folds.compare(head);
  }

  /** Every few seconds: presence that nobody renews leaves. */
  tick(): void {
    this.#presence.expire();
  }

  /** Messages may have been missed: asks again who is here, and says who is here. */
  reintroduce(): void {
    this.#presence.ask();
    this.#presence.announce();
  }

  closeAll(kind: CloseKind): void {
    for (const member of this.#audience.members()) member.close(kind);
  }

  /** Appends and publishes what is gathered. */
  async drain(): Promise<void> {
    await Promise.all([this.#writer.drain(), this.#presence.drain()]);
  }

  async close(): Promise<void> {
    this.#writer.close();
    this.#backpressure.close();
    this.#folds.close();
    this.#fanOut.close();
    this.#follower.close();
    this.#presence.close();
    this.#state.drop();
    await this.#unsubscribe();
  }

  #welcome(member: Member, base: BaseState): void {
    if (!this.#audience.has(member)) return;
    member.send(prepareFrame(encodeSyncStep1(base.encodedStateVector())));
    this.tellPresence(member);
  }

  #merge(updates: Uint8Array[]): Promise<Uint8Array> | Uint8Array {
    const bytes = updates.reduce((sum, update) => sum + update.length, 0);
    return bytes > INLINE_MERGE_BYTES ? this.#ports.heavy.mergeMany(updates) : mergeMany(updates);
  }

  #appended(appended: Appended): void {
    this.#folds.appended(this.#fanOut.appended(appended));
    this.#follower.heardOf(appended.position);
  }
}
