import { CLOSE_CODES, type CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import { KEEP_ALIVE, MalformedFrame } from '@kryton/engine/protocol/frames.ts';
import type { ConnectionId } from '@kryton/engine/protocol/ids.ts';
import { PresenceRefused } from '@kryton/engine/protocol/presence-codec.ts';
import { UpdateRefused } from '@kryton/engine/protocol/update-refused.ts';
import type { Claim } from '../access/access.ts';
import type { Role } from '../access/role.ts';
import type { Member } from '../room/member.ts';
import { type PreparedFrame, prepareFrame } from '../room/prepared-frame.ts';
import type { Room } from '../room/room.ts';
import type { ConnectionParts } from './connection-parts.ts';
import { FrameHandler } from './frame-handler.ts';
import { Inbox } from './inbox.ts';
import type { LiveSocket } from './live-socket.ts';
import { Outbox } from './outbox.ts';
import { Pace } from './pace.ts';

/** The largest messages that may come one after the other before the socket rests. */
const BURST_MESSAGES = 2;
/** Built once for all. */
const KEEP_ALIVE_FRAME = prepareFrame(KEEP_ALIVE);

/** `joining`: frames wait for the room (WIRE3). `open`: they are handled. `closed`: nothing is read or written. */
type State =
  | { readonly kind: 'joining' }
  | { readonly kind: 'open'; readonly room: Room }
  | { readonly kind: 'closed' };

/** One WebSocket, from the handshake to its end: what waits to be read and to be written, and how fast. */
export class Connection implements Member, LiveSocket {
  readonly id: ConnectionId;
  readonly principal: string;
  readonly #parts: ConnectionParts;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #frames: FrameHandler;
  #state: State = { kind: 'joining' };
  sentAt: number;
  heardAt: number;
  received = 0;

  constructor(parts: ConnectionParts) {
    this.id = parts.id;
    this.principal = parts.principal.id;
    this.#parts = parts;
    this.#outbox = new Outbox({
      stream: parts.stream,
      highBytes: parts.limits.outboxBytes,
      timers: parts.timers,
      onDrained: () => this.#drained(),
    });
    const pace = new Pace(
      { ...parts.limits, burstBytes: BURST_MESSAGES * parts.limits.messageBytes },
      parts.timers.now(),
    );
    this.#frames = new FrameHandler(this, parts, {
      outbox: this.#outbox,
      pace,
      onError: (error) => this.#failed(error),
    });
    this.#inbox = new Inbox({
      socket: parts.socket,
      pace,
      timers: parts.timers,
      handle: (message) =>
        this.#state.kind === 'open' ? this.#frames.handle(message, this.#state.room) : undefined,
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
    return this.#frames.wasAnswered && this.#outbox.bytes === 0;
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

  setRole(role: Role): void {
    this.#frames.setRole(role);
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
