import type { Socket } from 'node:net';
import { parseRedisUrl, type RedisTarget } from '../config/redis-url.ts';
import { systemTimers, type Timers } from '../lifecycle/timers.ts';
import {
  COMMAND_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  isDemoted,
  retryStrategy,
  SILENT_MS,
} from '../log/redis-connection.ts';
import { encodeCommand, type RedisArgument } from './redis-command.ts';
import { type RedisSockets, redisSockets } from './redis-socket.ts';
import { RedisRefused, type RedisReply, RespReader } from './resp-reader.ts';

export type RedisCommandsOptions = {
  /** `redis://…` or `redis+sentinel://…` */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
  /** Called each time that the connection is up, before any command of others can be sent. */
  readonly onReady?: () => void;
  /** Takes what Redis says unasked; false for an answer to a command. */
  readonly takesUnasked?: (reply: RedisReply, command: string | null) => boolean;
  readonly timers?: Timers;
};

type Waiting = {
  readonly command: string;
  /** How many replies are still to come. */
  missing: number;
  readonly resolve: (reply: RedisReply) => void;
  readonly reject: (error: unknown) => void;
  readonly sentAt: number;
  isLate: boolean;
};

/** The connection is not up, or was lost while a command was under way: then its outcome is unknown. */
export class RedisDisconnected extends Error {
  override readonly name = 'RedisDisconnected';
}

/** Forgets what was answered when so many are at the front of the queue. */
const COMPACT_AT = 1_024;

/**
 * A connection for the commands of the hot path. It promises what `commandConnection` does, whose ioredis costs 80 to
 * 110 us of CPU a command more (measured; loadtest/PROFILE.md): a command that was in flight when the connection broke
 * rejects and is never sent again (one append would become two), one that is not answered in time rejects with its
 * outcome unknown, and without a connection commands reject at once. What is sent within a turn of the event loop leaves
 * in one write, in its order, and is answered in that order.
 */
export class RedisCommands {
  readonly #options: RedisCommandsOptions;
  readonly #target: Exclude<RedisTarget, { kind: 'cluster' }>;
  readonly #timers: Timers;
  readonly #takesUnasked: NonNullable<RedisCommandsOptions['takesUnasked']>;
  readonly #sockets: RedisSockets;
  /** The connection, also while it is not ready yet. */
  #socket: Socket | null = null;
  #run: string | null = null;
  #isClosed = false;
  #attempts = 0;
  #outgoing: Buffer[] = [];
  #waiting: Waiting[] = [];
  /** How many of `#waiting` have been answered already. */
  #answered = 0;
  #heardAt = 0;
  #isWatching = false;

  constructor(options: RedisCommandsOptions) {
    this.#options = options;
    const target = parseRedisUrl(options.url);
    if (target.kind === 'cluster') throw new TypeError('the URL of a cluster leads to no single server');
    this.#target = target;
    this.#timers = options.timers ?? systemTimers;
    this.#takesUnasked = options.takesUnasked ?? (() => false);
    this.#sockets = redisSockets(target, options.onError);
  }

  /**
   * Which run of Redis this is (`run_id` of INFO): new with each start of the server, and another one on each replica.
   * Null without a connection.
   */
  get run(): string | null {
    return this.#run;
  }

  /** Connects. Rejects when the first attempt fails; others follow all the same until {@link RedisCommands.close}. */
  async connect(): Promise<void> {
    await this.#connect();
  }

  /**
   * Sends one command; resolves with its reply. Rejects with {@link RedisRefused} when Redis refuses it, with
   * {@link RedisDisconnected} without a connection, and with an Error when it is not answered in time.
   */
  call(...args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.callFor(1, args);
  }

  /** The same for a command that is answered by so many replies, one for each of its channels; the last one counts. */
  callFor(replies: number, args: readonly RedisArgument[]): Promise<RedisReply> {
    if (this.#run === null) return Promise.reject(new RedisDisconnected('there is no connection to Redis'));
    return this.#send(args, replies);
  }

  /** Gives up this connection for another one. */
  reconnect(): void {
    this.#socket?.destroy();
  }

  close(): void {
    this.#isClosed = true;
    this.#sockets.close();
    this.#socket?.destroy();
  }

  #send(args: readonly RedisArgument[], missing = 1): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      const sentAt = this.#timers.now();
      if (this.#waiting.length === this.#answered) this.#heardAt = sentAt;
      this.#waiting.push({ command: String(args[0]), missing, resolve, reject, sentAt, isLate: false });
      this.#outgoing.push(encodeCommand(args));
      if (this.#outgoing.length === 1) this.#timers.soon(() => this.#flush());
      if (!this.#isWatching) this.#watchIn(COMMAND_TIMEOUT_MS);
    });
  }

  #flush(): void {
    const [first, ...others] = this.#outgoing;
    if (first === undefined) return;
    this.#outgoing = [];
    this.#socket?.write(others.length === 0 ? first : Buffer.concat([first, ...others]));
  }

  /** One timer for all commands: they are answered in their order, so the oldest is the next that is late. */
  #watchIn(ms: number): void {
    this.#isWatching = true;
    this.#timers.after(Math.max(1, ms), () => this.#watch());
  }

  #watch(): void {
    this.#isWatching = false;
    if (this.#waiting.length === this.#answered) return;
    const now = this.#timers.now();
    // The connection may be up and lead nowhere, however much is sent on it.
    let nextInMs = this.#heardAt + SILENT_MS - now;
    if (nextInMs <= 0) {
      this.#socket?.destroy(new Error(`Redis did not answer for ${SILENT_MS} ms`));
      return;
    }
    for (let at = this.#answered; at < this.#waiting.length; at++) {
      const command = this.#waiting[at];
      if (command === undefined || command.isLate) continue;
      const leftMs = command.sentAt + COMMAND_TIMEOUT_MS - now;
      if (leftMs > 0) {
        nextInMs = Math.min(nextInMs, leftMs);
        break;
      }
      command.isLate = true;
      command.reject(new Error(`Redis did not answer within ${COMMAND_TIMEOUT_MS} ms`));
    }
    this.#watchIn(nextInMs);
  }

  async #connect(): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.#sockets.open();
    } catch (error) {
      this.#tryAgain();
      throw error;
    }
    if (this.#isClosed) {
      socket.destroy();
      throw new RedisDisconnected('the connection to Redis was closed');
    }
    this.#socket = socket;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const reader = new RespReader((reply) => this.#receive(reply));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const cancel = this.#timers.after(CONNECT_TIMEOUT_MS, () =>
      socket.destroy(new Error(`Redis was not ready within ${CONNECT_TIMEOUT_MS} ms`)),
    );
    let reason: unknown = null;
    socket.on('error', (error) => {
      reason = error;
      if (!this.#isClosed) this.#options.onError(error);
    });
    socket.on('data', (chunk: Buffer) => {
      this.#heardAt = this.#timers.now();
      try {
        reader.push(chunk);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.once('close', () => {
      cancel();
      this.#lost();
      reject(reason ?? new RedisDisconnected('the connection to Redis was closed'));
      this.#tryAgain();
    });
    this.#introduce().then(
      (run) => {
        cancel();
        this.#attempts = 0;
        this.#run = run;
        this.#options.onReady?.();
        resolve();
      },
      (error: unknown) => socket.destroy(error instanceof Error ? error : new Error(String(error))),
    );
    await promise;
  }

  /** Says who this is; the result is the run of a Redis that is ready for commands. */
  async #introduce(): Promise<string> {
    const { access } = this.#target;
    const db = databaseOf(this.#target);
    const sent: Promise<unknown>[] = [];
    if (access.password !== null) {
      const user = access.username === null ? [] : [access.username];
      sent.push(this.#send(['AUTH', ...user, access.password]).catch(unlessNoPassword));
    }
    // A user of Redis that may not name itself is nameless.
    sent.push(this.#send(['CLIENT', 'SETNAME', this.#options.name]).catch(() => {}));
    if (db !== '0') sent.push(this.#send(['SELECT', db]));
    const asked = this.#send(['INFO']);
    await Promise.all(sent);
    const info = String(await asked);
    const told = (field: string) => new RegExp(`^${field}:(\\S+)`, 'm').exec(info)?.[1];
    if (told('loading') === '1') throw new RedisDisconnected('Redis is loading its data');
    if (!this.#sockets.isWanted(told('role') ?? '')) {
      throw new RedisDisconnected('the sentinels led to a Redis that is no master');
    }
    const run = told('run_id');
    if (run === undefined) throw new RedisDisconnected('INFO names no run_id');
    return run;
  }

  #receive(reply: RedisReply | RedisRefused): void {
    const command = this.#waiting[this.#answered];
    const isAnswer = reply instanceof RedisRefused || !this.#takesUnasked(reply, command?.command ?? null);
    if (!isAnswer) return;
    if (command === undefined) {
      this.#socket?.destroy(new Error('Redis answered what nobody asked'));
      return;
    }
    command.missing -= 1;
    if (command.missing > 0 && !(reply instanceof RedisRefused)) return;
    this.#answered += 1;
    if (this.#answered === this.#waiting.length) {
      this.#waiting = [];
      this.#answered = 0;
    } else if (this.#answered === COMPACT_AT) {
      this.#waiting = this.#waiting.slice(COMPACT_AT);
      this.#answered = 0;
    }
    if (command.isLate) return;
    if (!(reply instanceof RedisRefused)) {
      command.resolve(reply);
      return;
    }
    command.reject(reply);
    // The name leads to another one by now.
    if (isDemoted(reply)) this.#socket?.destroy();
  }

  #lost(): void {
    this.#socket = null;
    this.#run = null;
    this.#outgoing = [];
    const waiting = this.#waiting.slice(this.#answered);
    this.#waiting = [];
    this.#answered = 0;
    for (const { reject } of waiting) {
      reject(new RedisDisconnected('the connection to Redis was lost before it answered'));
    }
  }

  #tryAgain(): void {
    if (this.#isClosed) return;
    this.#attempts += 1;
    this.#timers.after(retryStrategy(this.#attempts), () => {
      if (!this.#isClosed) this.#connect().catch(() => {});
    });
  }
}

const KEEP_ALIVE_MS = 30_000;

function databaseOf(target: Exclude<RedisTarget, { kind: 'cluster' }>): string {
  if (target.kind === 'sentinel') return String(target.db);
  return /^\/(\d+)$/.exec(new URL(target.url).pathname)?.[1] ?? '0';
}

/** A password where Redis wants none does no harm, and ioredis lets it pass as well. */
function unlessNoPassword(error: unknown): void {
  if (!(error instanceof Error && error.message.includes('without any password configured'))) throw error;
}
