import { rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { deadline } from '@kryton/engine/lifecycle/deadline.ts';
import { parseCommandLine } from './command-line.ts';
import { explained } from './explained.ts';
import type { QuarantineParts } from './quarantine-parts.ts';
import { runQuarantine } from './run-quarantine.ts';

/**
 * Embedded mode: one process owns DATA_DIR, so the command cannot open it beside a running server. It asks that one
 * instead, through a socket in DATA_DIR, which only its owner may enter.
 *
 * Lines of JSON: a {@link Question}, then {@link Answer}s up to one with `code` or `error`.
 */
type Question = { readonly words: readonly string[]; readonly directory: string };
type Answer =
  | { readonly kind: 'line'; readonly line: string }
  | { readonly kind: 'done'; readonly code: 0 | 1 }
  | { readonly kind: 'refused'; readonly message: string };

const CONNECT_MS = 5_000;
/** 108 bytes with the final zero: `sun_path` in unix(7). */
const MAX_PATH_BYTES = 107;

const socketPath = (dataDir: string) => join(dataDir, 'quarantine.sock');

export type ServedQuarantine = { close(): Promise<void> };

/**
 * Serves `npm run quarantine` for the DATA_DIR that this process holds. Null where the path is too long for a socket:
 * the command then says to stop the server.
 */
export async function serveQuarantine(
  dataDir: string,
  parts: Omit<QuarantineParts, 'print' | 'directory'>,
): Promise<ServedQuarantine | null> {
  const path = socketPath(dataDir);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return null;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    createInterface({ input: socket }).once('line', (text) => void answer(parts, socket, text));
  });
  // Of a process that was killed; DATA_DIR is ours now.
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve());
  });
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function answer(
  parts: Omit<QuarantineParts, 'print' | 'directory'>,
  socket: Socket,
  text: string,
): Promise<void> {
  const send = (message: Answer) => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  try {
    const { words, directory }: Question = JSON.parse(text);
    const command = parseCommandLine(words);
    if (command.kind === 'help') throw new TypeError('help needs nobody else');
    const print = (line: string) => send({ kind: 'line', line });
    send({ kind: 'done', code: await runQuarantine(command, { ...parts, directory, print }) });
  } catch (error) {
    const told = explained(error);
    send({ kind: 'refused', message: told instanceof Error ? told.message : String(told) });
  }
  socket.end();
}

/**
 * Has the process that holds `dataDir` do what `words` ask for; what it says goes to `print`. Resolves with the exit
 * code and, where it refused, why; null when no process answers there.
 */
export async function askServed(
  dataDir: string,
  { words, directory }: Question,
  print: (line: string) => void,
): Promise<{ readonly code: 0 | 1; readonly message: string | null } | null> {
  const socket = await reach(socketPath(dataDir));
  if (socket === null) return null;
  const question: Question = { words, directory };
  socket.write(`${JSON.stringify(question)}\n`);
  // The server bounds every step, and the end of the connection ends this.
  for await (const text of createInterface({ input: socket })) {
    const message: Answer = JSON.parse(text);
    if (message.kind === 'line') print(message.line);
    else if (message.kind === 'done') return { code: message.code, message: null };
    else return { code: 1, message: message.message };
  }
  return { code: 1, message: 'npm start ended before it had answered: run this again' };
}

async function reach(path: string): Promise<Socket | null> {
  const socket = connect(path);
  try {
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', reject);
    });
    await deadline(connected, CONNECT_MS, 'reaching npm start');
    socket.on('error', () => {});
    return socket;
  } catch {
    socket.destroy();
    return null;
  }
}
