import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import {
  Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import type { RedisPersistence } from 'y-redis';
import * as Y from 'yjs';

/** Message types of y-websocket. */
const SYNC = 0;
const AWARENESS = 1;

type Changes = { readonly added: number[]; readonly updated: number[]; readonly removed: number[] };

/**
 * A document on one node, as a plain y-websocket server has it: a Y.Doc and an Awareness in memory, each change sent to
 * every socket as it comes, one frame each. y-redis brings updates to the other nodes, and nothing of the presence.
 * As there, a newcomer is answered from memory at once; what Redis still had follows as an update.
 */
export class SharedDocument {
  readonly #name: string;
  readonly #persistence: RedisPersistence;
  readonly #doc = new Y.Doc();
  readonly #awareness = new Awareness(this.#doc);
  /** Each socket with the presence that came over it. */
  readonly #sockets = new Map<WebSocket, Set<number>>();

  constructor(name: string, persistence: RedisPersistence) {
    this.#name = name;
    this.#persistence = persistence;
    this.#awareness.setLocalState(null);
    this.#doc.on('update', (update: Uint8Array) => {
      this.#broadcast(message(SYNC, (encoder) => writeUpdate(encoder, update)));
    });
    this.#awareness.on('update', ({ added, updated, removed }: Changes, origin: unknown) => {
      const presence = origin instanceof WebSocket ? this.#sockets.get(origin) : undefined;
      for (const client of added) presence?.add(client);
      for (const client of removed) presence?.delete(client);
      this.#broadcast(this.#presenceOf([...added, ...updated, ...removed]));
    });
    persistence.bindState(name, this.#doc);
  }

  get isEmpty(): boolean {
    return this.#sockets.size === 0;
  }

  /** Asks the newcomer for what it has, and tells it who is there. */
  enter(socket: WebSocket): void {
    this.#sockets.set(socket, new Set());
    socket.send(message(SYNC, (encoder) => writeSyncStep1(encoder, this.#doc)));
    const present = [...this.#awareness.getStates().keys()];
    if (present.length > 0) socket.send(this.#presenceOf(present));
  }

  /** A message of a client; one that cannot be read costs its sender the connection. */
  receive(socket: WebSocket, bytes: Uint8Array): void {
    try {
      const decoder = decoding.createDecoder(bytes);
      const type = decoding.readVarUint(decoder);
      if (type === AWARENESS)
        applyAwarenessUpdate(this.#awareness, decoding.readVarUint8Array(decoder), socket);
      if (type !== SYNC) return;
      const answer = encoding.createEncoder();
      encoding.writeVarUint(answer, SYNC);
      readSyncMessage(decoder, answer, this.#doc, socket);
      if (encoding.length(answer) > 1) socket.send(encoding.toUint8Array(answer));
    } catch (error) {
      console.error(error);
      socket.terminate();
    }
  }

  leave(socket: WebSocket): void {
    const presence = this.#sockets.get(socket) ?? new Set();
    this.#sockets.delete(socket);
    removeAwarenessStates(this.#awareness, [...presence], null);
  }

  /** Once nobody is there: lets go of memory and of the subscription; the updates stay in Redis. */
  destroy(): void {
    this.#persistence.closeDoc(this.#name)?.catch(console.error);
    this.#awareness.destroy();
    this.#doc.destroy();
  }

  #presenceOf(clients: number[]): Uint8Array {
    const update = encodeAwarenessUpdate(this.#awareness, clients);
    return message(AWARENESS, (encoder) => encoding.writeVarUint8Array(encoder, update));
  }

  #broadcast(frame: Uint8Array): void {
    for (const socket of this.#sockets.keys()) socket.send(frame);
  }
}

function message(type: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, type);
    write(encoder);
  });
}
