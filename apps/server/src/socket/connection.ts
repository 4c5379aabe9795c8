import { pause } from '@kryton/engine/lifecycle/timers.ts';
import { CLOSE_CODES, type CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import {
  decodeFrame,
  encodeBarrier,
  encodeNodeName,
  encodePermissionDenied,
  type Frame,
  KEEP_ALIVE,
  MalformedFrame,
} from '@kryton/engine/protocol/frames.ts';
import type { ConnectionId } from '@kryton/engine/protocol/ids.ts';
import { decodePresence, PresenceRefused, stampUser } from '@kryton/engine/protocol/presence-codec.ts';
import { type CheckedUpdate, checkStateVector, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { UpdateRefused } from '@kryton/engine/protocol/update-refused.ts';
import type { Claim } from '../access/access.ts';
import { mayWrite, type Role } from '../access/role.ts';
import type { Principal } from '../auth/principal.ts';
import type { Member } from '../room/member.ts';
import { type PreparedFrame, prepareFrame } from '../room/prepared-frame.ts';
import type { Room } from '../room/room.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { Inbox } from './inbox.ts';
import type { LiveSocket } from './live-socket.ts';
import { Outbox } from './outbox.ts';
import { Pace } from './pace.ts';

/** Larger updates are checked in a thread (ROOM5). */
const INLINE_CHECK_BYTES = 64 * 1024;
/** The largest messages that may come one after the other before the socket rests. */
const BURST_MESSAGES = 2;
/** Built once for all. */
const KEEP_ALIVE_FRAME = prepareFrame(KEEP_ALIVE);
/** An update without structs begins with this byte: no clients, then the delete set. */
const NO_STRUCTS = 0;

/** `joining`: frames wait for the room (WIRE3). `open`: they are handled. `closed`: nothing is read or written. */
type State =
  | { readonly kind: 'joining' }
  | { readonly kind: 'open'; readonly room: Room }
  | { readonly kind: 'closed' };

/** One WebSocket: what it says, what it is told, who it is and what it may. */
export class Connection implements Member, LiveSocket {
  readonly id: ConnectionId;
  readonly principal: string;
  readonly #parts: ConnectionParts;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #pace: Pace;
  #state: State = { kind: 'joining' };
  #role: Role;
  /** The ticket of this connection's last write; what a barrier waits for (WIRE5). */
  #lastTicket = 0;
  /** The answer to the last SyncStep1 while it is being made. */
  #answering: Promise<void> | null = null;
  #wasRefused = false;
  #wasAnswered = false;
  sentAt: number;
  heardAt: number;
  received = 0;

  constructor(parts: ConnectionParts) {
    this.id = parts.id;
    this.principal = parts.principal.id;
    this.#parts = parts;
    this.#role = parts.role;
    this.#outbox = new Outbox({
      stream: parts.stream,
      highBytes: parts.limits.outboxBytes,
      timers: parts.timers,
      onDrained: () => this.#drained(),
    });
    this.#pace = new Pace(
      { ...parts.limits, burstBytes: BURST_MESSAGES * parts.limits.messageBytes },
      parts.timers.now(),
    );
    this.#inbox = new Inbox({
      socket: parts.socket,
      pace: this.#pace,
      timers: parts.timers,
      handle: (message) => this.#handle(message),
      onTooFast: () => this.close('tooFast'),
    });
    this.sentAt = this.heardAt = parts.tick();
  }

  get claim(): Claim {
    return this.#parts;
  }

  get isOpen(): boolean {
    return this.#state.kind !== 'closed';
  }

  get isSettled(): boolean {
    return this.#wasAnswered && this.#answering === null && this.#outbox.bytes === 0;
  }

  get outboxBytes(): number {
    return this.#outbox.bytes;
  }

  /** A sign of life that is no message. */
  heard(): void {
    this.heardAt = this.#parts.tick();
  }

  /** A message from the socket; kept and handled in order while the room loads or an earlier one is under way. */
  receive(message: Uint8Array): void {
    this.received++;
    this.heardAt = this.#parts.tick();
    if (message.length > this.#parts.limits.messageBytes) this.close('tooLarge');
    else this.#inbox.add(message);
  }

  /** The room is open: joins it and handles what has waited. */
  async enter(room: Room): Promise<void> {
    if (this.#state.kind !== 'joining') return;
    this.#state = { kind: 'open', room };
    const joining = this.#outbox.together(() => {
      const loading = room.join(this);
      if (!loading) this.#inbox.open();
      return loading;
    });
    if (!joining) return;
    await joining;
    this.#outbox.together(() => this.#inbox.open());
  }

  /** The socket has closed. */
  ended(): void {
    const state = this.#state;
    this.#state = { kind: 'closed' };
    this.#inbox.close();
    this.#outbox.close();
    if (state.kind === 'open') state.room.leave(this);
  }

  send(frame: PreparedFrame): void {
    if (this.#state.kind === 'closed') return;
    this.sentAt = this.#parts.tick();
    this.#outbox.write(frame);
  }

  deliver(frame: PreparedFrame): boolean {
    if (this.#state.kind === 'closed') return true;
    this.sentAt = this.#parts.tick();
    return this.#outbox.offer(frame);
  }

  deliverPresence(frame: PreparedFrame): void {
    if (this.#state.kind === 'closed') return;
    if (this.#outbox.offerPresence(frame)) this.sentAt = this.#parts.tick();
  }

  pause(): void {
    this.#inbox.pause();
  }

  resume(): void {
    this.#inbox.resume();
  }

  keepAlive(): void {
    this.send(KEEP_ALIVE_FRAME);
  }

  /** A client that may no longer write is told so before it tries (ACC1). */
  setRole(role: Role): void {
    const couldWrite = mayWrite(this.#role);
    this.#role = role;
    if (couldWrite && !mayWrite(role)) this.#deny();
  }

  ping(): void {
    if (this.#state.kind !== 'closed') this.#parts.socket.ping();
  }

  terminate(): void {
    this.#parts.socket.terminate();
  }

  close(kind: CloseKind, detail?: string): void {
    if (this.#state.kind === 'closed') return;
    const { code, reason, logLevel } = CLOSE_CODES[kind];
    const { logger, socket, id } = this.#parts;
    this.#parts.onClose(kind);
    if (logLevel !== 'info') logger.warn({ connection: id, code, detail }, `closed a connection: ${reason}`);
    this.ended();
    socket.close(code, reason);
  }

  #drained(): void {
    if (this.#state.kind !== 'open') return;
    this.#state.room.drained(this).catch((error) => this.#failed(error));
  }

  /** Handles one message; a promise when the next one has to wait for it. */
  #handle(message: Uint8Array): Promise<void> | undefined {
    if (this.#state.kind !== 'open') return undefined;
    try {
      return this.#dispatch(decodeFrame(message), this.#state.room)?.catch((error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #dispatch(frame: Frame, room: Room): Promise<void> | undefined {
    switch (frame.kind) {
      case 'sync-step-1':
        checkStateVector(frame.stateVector);
        return this.#ask(frame.stateVector, room);
      case 'sync-step-2':
        return this.#write(frame.update, room, true);
      case 'update':
        return this.#write(frame.update, room, false);
      case 'presence':
        this.#presence(frame.update, room);
        return undefined;
      case 'query-presence':
        room.tellPresence(this);
        return undefined;
      case 'barrier':
        return this.#whenHeard(() => this.#barrier(Uint8Array.from(frame.payload), room));
      case 'node-query':
        return this.#whenHeard(() => this.send(prepareFrame(encodeNodeName(this.#parts.nodeName))));
      case 'auth':
        // Said by servers; a client that says it wants nothing from us.
        return undefined;
    }
  }

  /** ROOM4: who asks and does not read is answered when it has read, so that asking makes nothing pile up. */
  #whenHeard(answer: () => void): Promise<void> | undefined {
    if (!this.#outbox.isFull) {
      answer();
      return undefined;
    }
    return this.#outbox.drained().then(answer);
  }

  /** Who asks for the document again and again is answered one question after the other, and in time. */
  #ask(stateVector: Uint8Array, room: Room): Promise<void> | undefined {
    const { timers } = this.#parts;
    const waitMs = this.#pace.asked(timers.now());
    const earlier = this.#answering;
    if (waitMs === 0 && !earlier) return this.#whenHeard(() => this.#answer(stateVector, room));
    return (async () => {
      if (waitMs > 0) await pause(timers, waitMs);
      await earlier;
      await this.#whenHeard(() => this.#answer(stateVector, room));
    })();
  }

  #answer(stateVector: Uint8Array, room: Room): void {
    if (this.#state.kind !== 'open') return;
    this.#wasAnswered = true;
    if (room.syncAtOnce(this, stateVector)) return;
    this.#answering = this.#parts.turns
      .next()
      .then(() => (this.#state.kind === 'open' ? room.sync(this, stateVector) : undefined))
      .catch((error) => this.#failed(error))
      .finally(() => {
        this.#answering = null;
      });
  }

  #write(bytes: Uint8Array, room: Room, isAnswer: boolean): Promise<void> | undefined {
    if (bytes.length > INLINE_CHECK_BYTES) return this.#writeLarge(bytes, room, isAnswer);
    const update = checkUpdate(bytes);
    if (update.isEmpty) return undefined;
    if (isAnswer) return this.#writeAnswer(update, room);
    this.#accept(update.bytes, room);
    return undefined;
  }

  /** WIRE6: an answer to SyncStep1 that brings nothing new appends nothing, and from a viewer is no write attempt. */
  async #writeAnswer(update: CheckedUpdate, room: Room): Promise<void> {
    if (await room.isNews(update)) this.#accept(update.bytes, room);
  }

  async #writeLarge(bytes: Uint8Array, room: Room, isAnswer: boolean): Promise<void> {
    await this.#parts.heavy.check(bytes);
    // Only a bare delete set is looked into: decoding megabytes of structs costs more than appending them again.
    if (isAnswer && bytes[0] === NO_STRUCTS) await this.#writeAnswer(checkUpdate(bytes), room);
    else this.#accept(bytes, room);
  }

  #accept(update: Uint8Array, room: Room): void {
    if (this.#state.kind !== 'open') return;
    if (mayWrite(this.#role)) {
      this.#lastTicket = room.write(this, update);
      return;
    }
    this.#wasRefused = true;
    this.#deny();
  }

  #deny(): void {
    this.send(prepareFrame(encodePermissionDenied('this document is open for reading only')));
  }

  #presence(bytes: Uint8Array, room: Room): void {
    const user = stampOf(this.#parts.principal);
    const entries = decodePresence(bytes, (clientId, clock) => room.isPresenceNews(this, clientId, clock));
    const stamped = entries.map((entry) => ({ ...entry, state: stampUser(entry.state, user) }));
    room.receivePresence(this, stamped);
  }

  #barrier(payload: Uint8Array, room: Room): void {
    if (this.#wasRefused) return;
    room.whenDurable(this.#lastTicket, () => {
      if (!this.#wasRefused) this.send(prepareFrame(encodeBarrier(payload)));
    });
  }

  #failed(error: unknown): void {
    if (
      error instanceof MalformedFrame ||
      error instanceof UpdateRefused ||
      error instanceof PresenceRefused
    ) {
      this.close('malformed', error.message);
      return;
    }
    this.#parts.logger.error({ connection: this.id, err: error }, 'a message could not be handled');
    this.close('overloaded', 'see the error above');
  }
}

/** PRES2: the name of a guest or a visitor is theirs to choose; whose it is, is not. */
function stampOf(principal: Principal): { readonly id: string; readonly name?: string } {
  switch (principal.kind) {
    case 'user':
    case 'agent':
    case 'member':
      return principal;
    case 'guest':
    case 'visitor':
      return { id: principal.id };
  }
}
