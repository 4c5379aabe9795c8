import { pause } from '@kryton/engine/lifecycle/timers.ts';
import {
  decodeFrame,
  encodeBarrier,
  encodeNodeName,
  encodePermissionDenied,
  type Frame,
} from '@kryton/engine/protocol/frames.ts';
import { decodePresence, stampUser } from '@kryton/engine/protocol/presence-codec.ts';
import { type CheckedUpdate, checkStateVector, checkUpdate } from '@kryton/engine/protocol/update-guard.ts';
import { mayWrite, type Role } from '../access/role.ts';
import type { Principal } from '../auth/principal.ts';
import type { Member } from '../room/member.ts';
import { prepareFrame } from '../room/prepared-frame.ts';
import type { Room } from '../room/room.ts';
import type { ConnectionParts } from './connection-parts.ts';
import type { Outbox } from './outbox.ts';
import type { Pace } from './pace.ts';

/** Larger updates are checked in a thread (ROOM5). */
const INLINE_CHECK_BYTES = 64 * 1024;
/** An update without structs begins with this byte: no clients, then the delete set. */
const NO_STRUCTS = 0;

/** Whose frames they are. */
export type Client = Member & {
  /** Nobody is answered after its end. */
  readonly isOpen: boolean;
};

/** What a connection is made of, as far as frames are about it. */
type Parts = Pick<ConnectionParts, 'principal' | 'role' | 'nodeName' | 'heavy' | 'timers' | 'turns'>;

export type FrameHandlerOptions = {
  readonly outbox: Pick<Outbox, 'isFull' | 'drained'>;
  readonly pace: Pick<Pace, 'asked'>;
  /** A frame could not be handled: what the client sent was wrong, or something here did not work. */
  readonly onError: (error: unknown) => void;
};

/** What one client says, what comes of it in its room, and what it may. */
export class FrameHandler {
  readonly #client: Client;
  readonly #parts: Parts;
  readonly #options: FrameHandlerOptions;
  #role: Role;
  /** The ticket of this client's last write; what a barrier waits for (WIRE5). */
  #lastTicket = 0;
  /** The answer to the last SyncStep1 while it is being made. */
  #answering: Promise<void> | null = null;
  #wasRefused = false;
  #wasAnswered = false;

  constructor(client: Client, parts: Parts, options: FrameHandlerOptions) {
    this.#client = client;
    this.#parts = parts;
    this.#options = options;
    this.#role = parts.role;
  }

  /** Whether the client has the document, as far as it asked for it. */
  get wasAnswered(): boolean {
    return this.#wasAnswered && this.#answering === null;
  }

  /** A client that may no longer write is told so before it tries (ACC1). */
  setRole(role: Role): void {
    const couldWrite = mayWrite(this.#role);
    this.#role = role;
    if (couldWrite && !mayWrite(role)) this.#deny();
  }

  /** Handles one message; a promise, which never rejects, when the next one has to wait for it. */
  handle(message: Uint8Array, room: Room): Promise<void> | undefined {
    const { onError } = this.#options;
    try {
      return this.#dispatch(decodeFrame(message), room)?.catch(onError);
    } catch (error) {
      onError(error);
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
        room.tellPresence(this.#client);
        return undefined;
      case 'barrier':
        return this.#whenHeard(() => this.#barrier(Uint8Array.from(frame.payload), room));
      case 'node-query':
        return this.#whenHeard(() => this.#client.send(prepareFrame(encodeNodeName(this.#parts.nodeName))));
      case 'auth':
        // Said by servers; a client that says it wants nothing from us.
        return undefined;
    }
  }

  /** ROOM4: who asks and does not read is answered when it has read, so that asking makes nothing pile up. */
  #whenHeard(answer: () => void): Promise<void> | undefined {
    const { outbox } = this.#options;
    if (!outbox.isFull) {
      answer();
      return undefined;
    }
    return outbox.drained().then(answer);
  }

  /** Who asks for the document again and again is answered one question after the other, and in time. */
  #ask(stateVector: Uint8Array, room: Room): Promise<void> | undefined {
    const { timers } = this.#parts;
    const waitMs = this.#options.pace.asked(timers.now());
    const earlier = this.#answering;
    if (waitMs === 0 && !earlier) return this.#whenHeard(() => this.#answer(stateVector, room));
    return (async () => {
      if (waitMs > 0) await pause(timers, waitMs);
      await earlier;
      await this.#whenHeard(() => this.#answer(stateVector, room));
    })();
  }

  #answer(stateVector: Uint8Array, room: Room): void {
    if (!this.#client.isOpen) return;
    this.#wasAnswered = true;
    if (room.syncAtOnce(this.#client, stateVector)) return;
    this.#answering = this.#parts.turns
      .next()
      .then(() => (this.#client.isOpen ? room.sync(this.#client, stateVector) : undefined))
      .catch(this.#options.onError)
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
    if (!this.#client.isOpen) return;
    if (mayWrite(this.#role)) {
      this.#lastTicket = room.write(this.#client, update);
      return;
    }
    this.#wasRefused = true;
    this.#deny();
  }

  #deny(): void {
    this.#client.send(prepareFrame(encodePermissionDenied('this document is open for reading only')));
  }

  #presence(bytes: Uint8Array, room: Room): void {
    const client = this.#client;
    const user = stampOf(this.#parts.principal);
    const entries = decodePresence(bytes, (clientId, clock) => room.isPresenceNews(client, clientId, clock));
    const stamped = entries.map((entry) => ({ ...entry, state: stampUser(entry.state, user) }));
    room.receivePresence(client, stamped);
  }

  #barrier(payload: Uint8Array, room: Room): void {
    if (this.#wasRefused) return;
    room.whenDurable(this.#lastTicket, () => {
      if (!this.#wasRefused) this.#client.send(prepareFrame(encodeBarrier(payload)));
    });
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
