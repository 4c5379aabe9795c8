import { BARRIER, encodeBarrier, encodeNodeQuery, NODE } from '@kryton/engine/protocol/frames.ts';
import type { DocId } from '@kryton/engine/protocol/ids.ts';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { readAuthMessage } from 'y-protocols/auth';
import type { Awareness } from 'y-protocols/awareness';
import { messageYjsSyncStep1 } from 'y-protocols/sync';
import { messageAuth, messageSync, WebsocketProvider } from 'y-websocket';
import type * as Y from 'yjs';
import type { SavedMark } from '../saving/saved-mark.ts';
import { blamesTheNode, type ConnectionState, isPermanent } from './connection-state.ts';
import { type NodeRing, socketUrl } from './node-ring.ts';

/**
 * A node that does not answer the upgrade is as good as none; y-websocket alone waits for ever. Once a socket is open,
 * y-websocket's own watch over silence (30 s) is enough.
 */
export const CONNECT_DEADLINE_MS = 5_000;

/** The name under which a token is offered beside a WebSocket's upgrade; never in its address, which ends up in logs. */
const TOKEN_PROTOCOL = 'kryton-token';

export type ClusterConnectionPorts = {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly docId: DocId;
  /** Shown in place of the cookie; null for the cookie. */
  readonly token: string | null;
  readonly ring: NodeRing;
  readonly savedMark: SavedMark;
  /** Calls `run` once after `delayMs`; the result cancels. */
  after(delayMs: number, run: () => void): () => void;
  changed(state: ConnectionState): void;
  /** An attempt ended before there was a socket; a browser does not tell a page whether that was a refusal. */
  refused(): void;
  /** The node that serves this tab, as it calls itself. Told after each connect. */
  nodeNamed(name: string): void;
  /** The server said that this tab may not write, or may not any more. */
  writingDenied(reason: string): void;
};

/**
 * The connection of one document in this tab: y-websocket's provider, which keeps it alive, moved from node to node
 * when one fails. The provider stays the same for the life of the tab and only its address changes between two
 * sockets; what it had sent is lost with a socket anyway, and the next handshake brings it back.
 */
export class ClusterConnection {
  private readonly ports: ClusterConnectionPorts;
  private readonly provider: WebsocketProvider;
  private cancelDeadline: (() => void) | null = null;
  private isOpen = false;
  private wasConnected = false;
  private hasEnded = false;

  /** Starts to connect at once. */
  constructor(ports: ClusterConnectionPorts) {
    this.ports = ports;
    const { doc, awareness, savedMark } = ports;
    this.provider = new WebsocketProvider(socketUrl(ports.ring.current), ports.docId, doc, {
      awareness,
      connect: false,
      protocols: ports.token === null ? [] : [TOKEN_PROTOCOL, ports.token],
      // Tabs of one browser may be on different nodes on purpose; they meet in the cluster.
      disableBc: true,
      shouldReconnect: ({ code }) => !isPermanent(code),
    });
    this.provider.on('status', ({ status }) => {
      if (status === 'connecting') this.startDeadline();
      if (status === 'connected') this.onOpen();
      if (status === 'disconnected') this.forgetClocks();
    });
    this.provider.on('sync', (isSynced) => {
      if (!isSynced) return;
      this.wasConnected = true;
      ports.changed({ kind: 'connected' });
    });
    this.provider.on('connection-close', (event) => this.onClose(event?.code ?? null));
    this.provider.on('closed', ({ code, reason }) => ports.changed({ kind: 'stopped', code, reason }));
    this.listenToMessages();
    // After the provider's own listener: when this one runs, the update is already on its way, and a barrier that is
    // sent now comes after it.
    doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin !== this.provider) savedMark.edited();
    });
    this.provider.connect();
  }

  /** Sends a barrier (WIRE5) on the current socket, if it is open. */
  sendBarrier(counter: number): void {
    const payload = encoding.encode((encoder) => encoding.writeVarUint(encoder, counter));
    this.send(encodeBarrier(payload));
  }

  /** Tries again at once instead of waiting, and after a permanent close too. */
  connectNow(): void {
    if (this.provider.wsconnected) return;
    this.hasEnded = false;
    this.provider.connect();
  }

  /** Stops for good, as at a close with `code`: for what the server can tell in HTTP only. */
  end(code: number, reason: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.stopDeadline();
    this.provider.disconnect();
    this.ports.savedMark.closed();
    this.ports.changed({ kind: 'stopped', code, reason });
  }

  destroy(): void {
    this.hasEnded = true;
    this.stopDeadline();
    this.provider.destroy();
  }

  private listenToMessages(): void {
    const handlers = this.provider.messageHandlers;
    const { doc, savedMark } = this.ports;
    const handleSync = handlers[messageSync];
    if (handleSync === undefined) throw new Error('y-websocket has no handler for sync messages');
    handlers[messageSync] = (encoder, decoder, provider, emitSynced, type) => {
      const isQuestion = decoding.peekVarUint(decoder) === messageYjsSyncStep1;
      handleSync(encoder, decoder, provider, emitSynced, type);
      if (!isQuestion) return;
      // The provider sends the answer right after this handler returns. The task is not over until then, and
      // nothing else of this page runs in between.
      const socket = provider.ws;
      const holdsContent = doc.store.clients.size > 0;
      queueMicrotask(() => {
        if (provider.ws === socket) savedMark.answered(holdsContent);
      });
    };
    handlers[messageAuth] = (_encoder, decoder) =>
      readAuthMessage(decoder, doc, (_doc, reason) => {
        savedMark.refused();
        this.ports.writingDenied(reason);
      });
    handlers[BARRIER] = (_encoder, decoder) => {
      const payload = decoding.createDecoder(decoding.readVarUint8Array(decoder));
      savedMark.echoed(decoding.readVarUint(payload));
    };
    handlers[NODE] = (_encoder, decoder) => this.ports.nodeNamed(decoding.readVarString(decoder));
  }

  private onOpen(): void {
    this.stopDeadline();
    this.isOpen = true;
    this.ports.savedMark.opened();
    this.send(encodeNodeQuery());
    // A new clock for our presence: others may have seen it leave with the old socket, and would take the same clock
    // for old news until the next renewal, 15 s later.
    const { awareness } = this.ports;
    awareness.setLocalState(awareness.getLocalState());
  }

  private onClose(code: number | null): void {
    this.stopDeadline();
    const wasOpen = this.isOpen;
    this.isOpen = false;
    if (this.hasEnded) return;
    this.ports.savedMark.closed();
    if (code !== null && isPermanent(code)) return;
    if (blamesTheNode(code)) this.ports.ring.failed();
    this.provider.serverUrl = socketUrl(this.ports.ring.current);
    this.ports.changed({ kind: 'reconnecting', code, wasConnected: this.wasConnected });
    if (!wasOpen) this.ports.refused();
  }

  /**
   * The provider removes the others' presence on a disconnect but keeps their clocks, and would ignore the same
   * presence when the next node sends it.
   */
  private forgetClocks(): void {
    const { awareness } = this.ports;
    for (const client of awareness.meta.keys()) {
      if (client !== awareness.clientID) awareness.meta.delete(client);
    }
  }

  private startDeadline(): void {
    this.stopDeadline();
    this.cancelDeadline = this.ports.after(CONNECT_DEADLINE_MS, () => {
      this.provider.disconnect();
      this.provider.connect();
    });
  }

  private stopDeadline(): void {
    this.cancelDeadline?.();
    this.cancelDeadline = null;
  }

  private send(message: Uint8Array): void {
    const socket = this.provider.ws;
    // A copy of a few bytes: the browser's types refuse memory that might be shared with a worker.
    if (socket?.readyState === WebSocket.OPEN) socket.send(new Uint8Array(message));
  }
}
