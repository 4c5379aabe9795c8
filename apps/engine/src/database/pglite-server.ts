import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { RequestReader } from './pglite-requests.ts';

/** What the server needs of PGlite: runs protocol messages and hands out the answers in pieces. */
export type ProtocolDatabase = {
  execProtocolRawStream(
    messages: Uint8Array,
    options: { readonly onRawData: (data: Uint8Array) => void },
  ): Promise<void>;
};

export type PgliteServerOptions = {
  readonly database: ProtocolDatabase;
  readonly maxConnections: number;
  /** After so long without a word within a transaction a client is cut off, because all others wait for it. In ms. */
  readonly idleInTransactionMs: number;
  /** The database threw: not an SQL error (those are answers), but its end. */
  readonly onBreakdown: (error: unknown) => void;
};

/** `Z`, length 5, status `I`: outside of any transaction, the next may come. */
const READY_AND_IDLE = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
const SYNC = Buffer.from([0x53, 0, 0, 0, 4]);
const ROLLBACK = Buffer.from('Q\0\0\0\x0dROLLBACK\0', 'latin1');

/**
 * Serves an embedded database, which has one session, to many connections. A connection has the database for itself
 * from the first message of a statement to the end of the transaction that it is in; the others wait in line. What a
 * client leaves open when it goes (or is killed) is rolled back.
 *
 * Own code, because `@electric-sql/pglite-socket` (0.2.17) lets messages of several connections interleave: under
 * load from two processes it ran one client's statement with another's values.
 */
export class PgliteServer {
  readonly #options: PgliteServerOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #line: (() => void)[] = [];
  #isTaken = false;

  constructor(options: PgliteServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => void this.#serve(socket));
    this.#server.maxConnections = options.maxConnections;
  }

  /** Rejects with Node's own error when the socket cannot be made. */
  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  /** Takes no more statements, and resolves when the one that runs is through. */
  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await this.#takeTurn();
  }

  async #serve(socket: Socket): Promise<void> {
    const reader = new RequestReader();
    let hasTurn = false;
    this.#sockets.add(socket);
    socket.on('timeout', () => socket.destroy());
    try {
      for await (const chunk of socket) {
        for (const request of reader.read(chunk)) {
          if (request.kind === 'cancel' || request.kind === 'goodbye') return;
          if (request.kind === 'encryption') {
            socket.write('N');
            continue;
          }
          if (!hasTurn) await this.#takeTurn();
          hasTurn = true;
          hasTurn = !(await this.#run(request.messages, socket));
          if (!hasTurn) this.#passTurn();
          socket.setTimeout(hasTurn ? this.#options.idleInTransactionMs : 0);
        }
      }
    } catch {
      // The connection broke, or what came was no message: either way this client is gone, and its log is not here.
    } finally {
      this.#sockets.delete(socket);
      socket.destroy();
      if (hasTurn) await this.#abandon();
    }
  }

  /** Whether the session is outside of any transaction afterwards. */
  async #run(messages: Uint8Array, socket: Socket | null): Promise<boolean> {
    let end = Buffer.alloc(0);
    try {
      await this.#options.database.execProtocolRawStream(messages, {
        onRawData: (data) => {
          // A copy: the bytes are the memory of the WASM instance.
          const answer = Buffer.from(data);
          end = Buffer.concat([end, answer.subarray(-READY_AND_IDLE.length)]).subarray(
            -READY_AND_IDLE.length,
          );
          if (socket?.writable) socket.write(answer);
        },
      });
    } catch (error) {
      this.#options.onBreakdown(error);
      throw error;
    }
    return end.equals(READY_AND_IDLE);
  }

  async #abandon(): Promise<void> {
    try {
      await this.#run(SYNC, null);
      await this.#run(ROLLBACK, null);
    } catch {
      // Reported as a breakdown.
    }
    this.#passTurn();
  }

  async #takeTurn(): Promise<void> {
    if (this.#isTaken) await new Promise<void>((resolve) => this.#line.push(resolve));
    this.#isTaken = true;
  }

  /** The turn goes from hand to hand: it is never free while somebody waits. */
  #passTurn(): void {
    const next = this.#line.shift();
    if (next) next();
    else this.#isTaken = false;
  }
}
