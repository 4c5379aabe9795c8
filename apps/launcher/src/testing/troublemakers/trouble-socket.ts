import { once } from 'node:events';
import type { Credentials } from '@kryton/server/testing/sign-up.ts';
import { WebSocket } from 'ws';

/** Opens a WebSocket on a document of a node; rejects when the upgrade is refused. */
export type OpenSocket = (base: string, docId: string) => Promise<WebSocket>;

/** Sockets of somebody who is signed in. */
export function socketsOf(credentials: Credentials): OpenSocket {
  return async (base, docId) => {
    const options = { perMessageDeflate: false, headers: credentials };
    const socket = new WebSocket(`${base}/ws/yjs/${docId}`, options);
    socket.on('error', () => {});
    await Promise.race([
      once(socket, 'open'),
      once(socket, 'close').then(() => Promise.reject(new Error(`${base} does not take a socket`))),
    ]);
    return socket;
  };
}

/** Resolves when everything that was given to the socket has left, or the socket has closed. */
export async function written(socket: WebSocket, message: Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => socket.send(message, () => resolve()));
}
