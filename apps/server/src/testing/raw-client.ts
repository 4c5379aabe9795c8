import {
  decodeFrame,
  encodeBarrier,
  encodeSyncStep1,
  encodeUpdate,
  type Frame,
} from '@kryton/engine/protocol/frames.ts';
import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type RawData, WebSocket } from 'ws';

const NO_STATE_VECTOR = Uint8Array.of(0);

/** A client that speaks frame by frame, for tests of what exactly is said. */
export type RawClient = {
  readonly socket: WebSocket;
  /** Everything the server said, in order. */
  readonly frames: Frame[];
  readonly closed: Promise<{ code: number; reason: string }>;
  send(message: Uint8Array): void;
  askForEverything(): void;
  update(update: Uint8Array): void;
  barrier(payload: number): void;
  /** Resolves with the `count`-th frame of this kind; gives up after `withinMs`, 5,000 unless told. */
  next<Kind extends Frame['kind']>(
    kind: Kind,
    count?: number,
    withinMs?: number,
  ): Promise<Extract<Frame, { kind: Kind }>>;
  close(): void;
};

/**
 * Opens a WebSocket on a node, with `token` as its `kryton-token`; resolves when it is open, rejects with the HTTP status
 * when the upgrade is refused.
 */
export async function rawClient(
  port: number,
  docId: string,
  token?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawClient> {
  const protocols = token === undefined ? [] : ['kryton-token', token];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/yjs/${docId}`, protocols, { headers });
  const frames: Frame[] = [];
  socket.on('message', (data: RawData) => {
    if (Buffer.isBuffer(data)) frames.push(decodeFrame(data));
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve());
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) =>
      reject(new Error(`HTTP ${response.statusCode}`)),
    );
  });
  const ofKind = <Kind extends Frame['kind']>(kind: Kind) =>
    frames.filter((frame): frame is Extract<Frame, { kind: Kind }> => frame.kind === kind);
  return {
    socket,
    frames,
    closed,
    send: (message) => socket.send(message),
    askForEverything: () => socket.send(encodeSyncStep1(NO_STATE_VECTOR)),
    update: (update) => socket.send(encodeUpdate(update)),
    barrier: (payload) => socket.send(encodeBarrier(Uint8Array.of(payload))),
    next: async (kind, count = 1, withinMs = 5_000) =>
      await eventually(() => ofKind(kind)[count - 1] ?? null, {
        what: `frame ${count} of kind ${kind}`,
        withinMs,
      }),
    close: () => socket.close(),
  };
}
