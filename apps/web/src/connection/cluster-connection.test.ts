import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  BARRIER,
  decodeFrame,
  encodeBarrier,
  encodeNodeName,
  encodePermissionDenied,
  encodeSyncStep1,
  encodeSyncStep2,
} from '@kryton/engine/protocol/frames.ts';
import { parseDocId } from '@kryton/engine/protocol/ids.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { SavedMark } from '../saving/saved-mark.ts';
import { ClusterConnection } from './cluster-connection.ts';
import type { ConnectionState } from './connection-state.ts';
import { NodeRing } from './node-ring.ts';

/** One end of the real protocol, spoken by hand: it records what arrives and says only what the test says. */
class ScriptedNode {
  readonly server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  readonly frames: string[] = [];
  readonly updates: Uint8Array[] = [];
  readonly paths: string[] = [];
  readonly protocols: (string | undefined)[] = [];
  private sockets: WebSocket[] = [];

  constructor() {
    this.server.on('connection', (socket, request) => {
      this.paths.push(request.url ?? '');
      this.protocols.push(request.headers['sec-websocket-protocol']);
      this.sockets.push(socket);
      socket.on('message', (data: Buffer) => {
        const frame = decodeFrame(new Uint8Array(data));
        if (frame.kind === 'presence') return;
        this.frames.push(frame.kind);
        if (frame.kind === 'sync-step-2' || frame.kind === 'update') this.updates.push(frame.update.slice());
        if (frame.kind === 'barrier') this.lastBarrier = frame.payload.slice();
      });
    });
  }

  lastBarrier: Uint8Array | null = null;

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  send(message: Uint8Array): void {
    this.sockets.at(-1)?.send(message);
  }

  echoLastBarrier(): void {
    if (this.lastBarrier === null) throw new Error('no barrier arrived');
    this.send(encodeBarrier(this.lastBarrier));
  }

  close(code: number, reason = ''): void {
    this.sockets.at(-1)?.close(code, reason);
  }

  count(kind: string): number {
    return this.frames.filter((frame) => frame === kind).length;
  }

  /** The text that everything which arrived so far adds up to. */
  text(): string {
    const doc = new Y.Doc();
    for (const update of this.updates) Y.applyUpdate(doc, update);
    return doc.getText('content').toString();
  }

  async stop(): Promise<void> {
    for (const socket of this.server.clients) socket.terminate();
    this.server.close();
    await once(this.server, 'close');
  }
}

const nothing = Y.encodeStateVector(new Y.Doc());
const emptyUpdate = Y.encodeStateAsUpdate(new Y.Doc());
const after = (delayMs: number, run: () => void) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
const until = { timeout: 4_000, interval: 5 };

let node: ScriptedNode;
let other: ScriptedNode;
let doc: Y.Doc;
let awareness: Awareness;
let ring: NodeRing;
let mark: SavedMark;
let states: ConnectionState[];
let names: string[];
let denials: string[];
let refusals: number;
let connection: ClusterConnection;

beforeEach(async () => {
  [node, other] = [new ScriptedNode(), new ScriptedNode()];
  await Promise.all([once(node.server, 'listening'), once(other.server, 'listening')]);
  doc = new Y.Doc();
  awareness = new Awareness(doc);
  ring = new NodeRing(node.url, () => 0);
  [states, names, denials, refusals] = [[], [], [], 0];
  mark = new SavedMark({
    sendBarrier: (counter) => connection.sendBarrier(counter),
    changed: () => {},
    after,
  });
  connect(null);
});

function connect(token: string | null): void {
  const docId = parseDocId('doc');
  if (docId === null) throw new Error('"doc" is a document id');
  connection = new ClusterConnection({
    doc,
    awareness,
    docId,
    token,
    ring,
    savedMark: mark,
    after,
    changed: (state) => states.push(state),
    nodeNamed: (name) => names.push(name),
    writingDenied: (reason) => denials.push(reason),
    refused: () => {
      refusals += 1;
    },
  });
}

afterEach(async () => {
  connection.destroy();
  awareness.destroy();
  await Promise.all([node.stop(), other.stop()]);
});

const type = (text: string) => doc.getText('content').insert(doc.getText('content').length, text);
const opened = (on = node) => vi.waitFor(() => expect(on.frames).toContain('sync-step-1'), until);

describe('the connection of a tab', () => {
  it('asks for the node and tells its name', async () => {
    await opened();
    expect(node.paths).toEqual(['/ws/yjs/doc']);
    expect(node.frames).toContain('node-query');
    node.send(encodeNodeName('node-1'));
    await vi.waitFor(() => expect(names).toEqual(['node-1']), until);
  });

  it('WIRE5 sends the barrier after the update it stands for', async () => {
    await opened();
    node.send(encodeSyncStep1(nothing));
    node.send(encodeSyncStep2(emptyUpdate));
    await vi.waitFor(() => expect(states.at(-1)).toEqual({ kind: 'connected' }), until);
    type('a');
    await vi.waitFor(() => expect(node.frames).toContain('barrier'), until);
    expect(node.frames.slice(-2)).toEqual(['update', 'barrier']);
    expect(mark.state).toBe('saving');
    node.echoLastBarrier();
    await vi.waitFor(() => expect(mark.state).toBe('saved'), until);
    expect(node.text()).toBe('a');
  });

  it('WIRE5 sends no barrier before the answer to SyncStep1, and one right after it', async () => {
    type('before ');
    await opened();
    type('after');
    await vi.waitFor(() => expect(node.frames).toContain('update'), until);
    expect(node.frames).not.toContain('barrier');
    node.send(encodeSyncStep1(nothing));
    await vi.waitFor(() => expect(node.frames).toContain('barrier'), until);
    expect(node.frames.slice(-2)).toEqual(['sync-step-2', 'barrier']);
    expect(node.text()).toBe('before after');
  });

  it('WIRE5 brings what was written without a connection to the next node, and only then asks', async () => {
    ring.add([other.url]);
    await opened();
    node.send(encodeSyncStep1(nothing));
    node.send(encodeSyncStep2(emptyUpdate));
    type('one ');
    await vi.waitFor(() => expect(node.frames).toContain('barrier'), until);
    await node.stop();
    await vi.waitFor(() => expect(mark.state).toBe('kept'), until);
    type('two');
    expect(mark.state).toBe('kept');
    await opened(other);
    expect(other.frames).not.toContain('barrier');
    other.send(encodeSyncStep1(nothing));
    await vi.waitFor(() => expect(other.frames).toContain('barrier'), until);
    expect(other.text()).toBe('one two');
    other.echoLastBarrier();
    await vi.waitFor(() => expect(mark.state).toBe('saved'), until);
    node = new ScriptedNode();
  });

  it('moves on when a node drains, and stays when it was too fast itself', async () => {
    ring.add([other.url]);
    await opened();
    node.close(4529);
    await vi.waitFor(() => expect(node.count('sync-step-1')).toBe(2), until);
    node.close(1012);
    await opened(other);
    expect(node.count('sync-step-1')).toBe(2);
  });

  it('stops for good at a permanent close code and says which', async () => {
    await opened();
    type('kept');
    node.close(4404, 'this document was deleted');
    await vi.waitFor(() => expect(states.at(-1)?.kind).toBe('stopped'), until);
    expect(states).toEqual([{ kind: 'stopped', code: 4404, reason: 'this document was deleted' }]);
    expect(mark.state).toBe('kept');
  });

  it('shows a token as a protocol, and in no address', async () => {
    await opened();
    connection.destroy();
    connect('kryton_link_a_b');
    await vi.waitFor(() => expect(node.paths).toEqual(['/ws/yjs/doc', '/ws/yjs/doc']), until);
    expect(node.protocols.at(-1)?.split(/, */)).toEqual(['kryton-token', 'kryton_link_a_b']);
  });

  it('tells an attempt that was refused from a connection that was lost', async () => {
    await opened();
    expect(refusals).toBe(0);
    node.server.shouldHandle = () => false;
    node.close(1012);
    await vi.waitFor(() => expect(refusals).toBeGreaterThan(0), until);
    expect(states.at(-1)?.kind).toBe('reconnecting');
    expect(node.paths).toHaveLength(1);
  });

  it('ends for good when it is told why it was refused, and comes back when asked to', async () => {
    await opened();
    connection.end(4403, 'access was removed');
    const ended = { kind: 'stopped', code: 4403, reason: 'access was removed' } as const;
    await vi.waitFor(() => expect(node.server.clients.size).toBe(0), until);
    expect(states).toEqual([ended]);
    connection.connectNow();
    await vi.waitFor(() => expect(node.paths).toHaveLength(2), until);
  });

  it('WIRE5 a refused write is told and never saved, though a barrier be echoed', async () => {
    await opened();
    node.send(encodeSyncStep1(nothing));
    type('mine');
    await vi.waitFor(() => expect(node.frames).toContain('barrier'), until);
    node.send(encodePermissionDenied('viewers may not write'));
    node.echoLastBarrier();
    await vi.waitFor(() => expect(denials).toEqual(['viewers may not write']), until);
    expect(mark.state).toBe('refused');
  });

  it('sees others again after a move although their clocks stood still', async () => {
    const peerDoc = new Y.Doc();
    const peer = new Awareness(peerDoc);
    peer.setLocalState({ user: { name: 'Ada' } });
    const { encodeAwarenessUpdate } = await import('y-protocols/awareness');
    const { encodePresence } = await import('@kryton/engine/protocol/frames.ts');
    const presence = encodePresence(encodeAwarenessUpdate(peer, [peer.clientID]));
    await opened();
    node.send(presence);
    await vi.waitFor(() => expect(awareness.getStates().has(peer.clientID)).toBe(true), until);
    node.close(1012);
    await vi.waitFor(() => expect(awareness.getStates().has(peer.clientID)).toBe(false), until);
    await vi.waitFor(() => expect(node.count('sync-step-1')).toBe(2), until);
    node.send(presence);
    await vi.waitFor(() => expect(awareness.getStates().has(peer.clientID)).toBe(true), until);
    peer.destroy();
  });

  it('WIRE5 ignores the echo of a barrier that was asked on another socket', async () => {
    await opened();
    node.send(encodeSyncStep1(nothing));
    type('a');
    await vi.waitFor(() => expect(node.lastBarrier).not.toBeNull(), until);
    const old = node.lastBarrier ?? new Uint8Array();
    node.close(1012);
    await vi.waitFor(() => expect(node.count('sync-step-1')).toBe(2), until);
    node.send(encodeBarrier(old));
    node.send(encodeNodeName('marker'));
    await vi.waitFor(() => expect(names).toContain('marker'), until);
    expect(mark.state).toBe('saving');
    expect(encodeBarrier(old)[0]).toBe(BARRIER);
  });
});
