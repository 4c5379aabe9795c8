import type { Socket } from 'node:net';
import type { Timers } from '@kryton/engine/lifecycle/timers.ts';
import { CLOSE_CODES, type CloseKind } from '@kryton/engine/protocol/close-codes.ts';
import type { ConnectionId } from '@kryton/engine/protocol/ids.ts';
import type { WebSocket } from 'ws';
import type { Claim } from '../access/access.ts';
import { type Role, reaches } from '../access/role.ts';
import type { Principal } from '../auth/principal.ts';
import type { PluginDocument, PluginPrincipal, PluginSocket, PluginSocketRoute } from '../plugins/plugin.ts';
import { outsidePlugins } from '../plugins/plugin-scope.ts';
import type { RunningPlugin } from '../plugins/running-plugin.ts';
import type { RoomLogger } from '../room/room-ports.ts';
import type { DocumentAdmission } from './admission.ts';
import type { ConnectionLimits } from './connection-parts.ts';
import { Inbox } from './inbox.ts';
import type { LiveSocket } from './live-socket.ts';
import { Pace } from './pace.ts';

/** What a plugin may send in one message. */
const MOST_SENT_BYTES = 1024 * 1024;
/** The largest messages that may come one after the other before the socket rests. */
const BURST_MESSAGES = 8;

export type PluginConnectionParts = {
  readonly id: ConnectionId;
  readonly socket: WebSocket;
  readonly stream: Socket;
  readonly plugin: RunningPlugin;
  readonly route: PluginSocketRoute;
  readonly principal: Principal;
  /** What the plugin is shown of it. */
  readonly shown: PluginPrincipal;
  readonly params: Readonly<Record<string, string>>;
  readonly document: DocumentAdmission | null;
  readonly maxMessageBytes: number;
  readonly limits: ConnectionLimits;
  readonly timers: Timers;
  readonly logger: RoomLogger;
  /** The node ends this connection. */
  readonly onClose: (kind: CloseKind) => void;
  /** The tick of the node's keep-alive clock, in s. */
  readonly tick: () => number;
};

/** One WebSocket of a plugin: bounded like every other, and each call into the plugin contained. */
export class PluginConnection implements LiveSocket {
  readonly claim: Claim;
  /** Nothing is sent to keep it alive but pings: what clients of a plugin understand, only the plugin knows. */
  readonly sentAt = Number.POSITIVE_INFINITY;
  heardAt: number;
  received = 0;
  readonly #parts: PluginConnectionParts;
  readonly #inbox: Inbox<string | Uint8Array>;
  readonly #shown: PluginSocket;
  #document: PluginDocument | null;
  #isOpen = true;
  #wasOpened = false;

  constructor(parts: PluginConnectionParts) {
    const { principal, document, limits, maxMessageBytes, timers, socket } = parts;
    this.#parts = parts;
    this.claim = { principal, docId: document?.docId ?? null };
    this.#document = document;
    this.heardAt = parts.tick();
    const pace = { ...limits, burstBytes: BURST_MESSAGES * maxMessageBytes };
    this.#inbox = new Inbox({
      socket,
      pace: new Pace(pace, timers.now()),
      timers,
      handle: (message) => this.#handle(message),
      onTooFast: () => this.close('tooFast'),
    });
    this.#shown = this.#show();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** What its protocol brings when it connects only the plugin knows: it is there when it was let in. */
  get isSettled(): boolean {
    return this.#wasOpened && this.outboxBytes === 0;
  }

  get outboxBytes(): number {
    return this.#parts.stream.writableLength;
  }

  /** Lets the plugin know, and hands over what comes. */
  async enter(): Promise<void> {
    const { plugin, route } = this.#parts;
    if (!plugin.isOn) return this.close('overloaded', 'the plugin was switched off');
    if (!this.#isOpen) return;
    this.#wasOpened = true;
    await this.#call('opening a socket', () => route.open(this.#shown));
    this.#inbox.open();
  }

  receive(message: string | Uint8Array): void {
    this.heard();
    this.received++;
    const bytes = typeof message === 'string' ? Buffer.byteLength(message) : message.length;
    if (bytes > this.#parts.maxMessageBytes) this.close('tooLarge');
    else this.#inbox.add(message);
  }

  heard(): void {
    this.heardAt = this.#parts.tick();
  }

  /** The role on its document has changed: it takes effect with the next message, or ends the socket. */
  setRole(role: Role): void {
    if (this.#document === null) return;
    if (!reaches(role, this.#parts.route.document ?? 'viewer')) this.close('grantRemoved');
    else this.#document = { ...this.#document, role };
  }

  /** The socket has closed. */
  ended(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#inbox.close();
    const { plugin, route } = this.#parts;
    if (this.#wasOpened && plugin.isOn)
      void plugin.call('closing a socket', () => route.close?.(this.#shown));
  }

  keepAlive(): void {}

  ping(): void {
    if (this.#isOpen) this.#parts.socket.ping();
  }

  terminate(): void {
    this.#parts.socket.terminate();
  }

  close(kind: CloseKind, detail?: string): void {
    if (!this.#isOpen) return;
    const { code, reason, logLevel } = CLOSE_CODES[kind];
    const { logger, socket, id, plugin } = this.#parts;
    this.#parts.onClose(kind);
    if (logLevel !== 'info')
      logger.warn(
        { connection: id, plugin: plugin.id, code, detail },
        `closed a socket of a plugin: ${reason}`,
      );
    this.ended();
    socket.close(code, reason);
  }

  async #handle(message: string | Uint8Array): Promise<void> {
    const { plugin, route } = this.#parts;
    if (!this.#isOpen || !plugin.isOn) return;
    const isDone = await this.#call('a message', () => route.message?.(this.#shown, message));
    plugin.metrics.handled(plugin.id, 'message', isDone ? 'ok' : 'failed');
  }

  /** False when that ended the socket. */
  async #call(what: string, run: () => void | Promise<void>): Promise<boolean> {
    const { plugin, route } = this.#parts;
    const outcome = await plugin.call(`${what} of ${route.path}`, run);
    if (outcome.kind === 'failed') this.close('overloaded', 'the plugin failed, see above');
    if (outcome.kind === 'unavailable') this.close('logUnreachable');
    return outcome.kind === 'done';
  }

  #send(data: string | Uint8Array): boolean {
    const bytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    if (bytes > MOST_SENT_BYTES) throw new RangeError(`a message of ${bytes} bytes; ${MOST_SENT_BYTES} fit`);
    if (!this.#isOpen || this.outboxBytes > this.#parts.limits.outboxBytes) return false;
    this.#parts.socket.send(data);
    return true;
  }

  /** What the plugin holds: nothing of ours is within its reach, and what we do for it is not charged to it. */
  #show(): PluginSocket {
    const connection = this;
    return Object.freeze({
      principal: this.#parts.shown,
      params: this.#parts.params,
      get document() {
        return connection.#document;
      },
      get isOpen() {
        return connection.#isOpen;
      },
      may: (needed: Role) => connection.#document !== null && reaches(connection.#document.role, needed),
      send: (data: string | Uint8Array) => outsidePlugins(() => connection.#send(data)),
      close: (kind: CloseKind) => outsidePlugins(() => connection.close(kind)),
    });
  }
}
