import { eventually } from '@kryton/engine/testing/eventually.ts';
import { type RawData, WebSocket } from 'ws';

/** A client of a plugin's WebSocket route, for tests. */
export type PluginClient = {
  readonly socket: WebSocket;
  /** Everything the server said: texts that are JSON decoded, bytes as they are. */
  readonly heard: unknown[];
  readonly closed: Promise<{ code: number; reason: string }>;
  say(data: string | Uint8Array): void;
  /** Resolves with the first of what was heard that `fits`. */
  hears<Message>(what: string, fits: (message: Message) => boolean): Promise<Message>;
  close(): void;
};

/**
 * Opens `/ws/plugins<path>` with a token; resolves when it is open, and rejects with `HTTP <status>` when the upgrade
 * is refused.
 */
export async function pluginClient(port: number, path: string, token: string): Promise<PluginClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/plugins${path}`, ['kryton-token', token]);
  const heard: unknown[] = [];
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (Buffer.isBuffer(data)) heard.push(isBinary ? data : JSON.parse(data.toString()));
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
  return {
    socket,
    heard,
    closed,
    say: (data) => socket.send(data),
    hears: <Message>(what: string, fits: (message: Message) => boolean) =>
      eventually(() => (heard as Message[]).find(fits) ?? null, { what }),
    close: () => socket.close(),
  };
}
