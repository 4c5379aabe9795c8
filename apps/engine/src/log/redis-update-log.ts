import type { DocId } from '../protocol/ids.ts';
import type { RedisArgument } from '../redis/redis-command.ts';
import { RedisCommands } from '../redis/redis-commands.ts';
import type { RedisReply } from '../redis/resp-reader.ts';
import { HeldEntries } from './held-entries.ts';
import { docIdOfLogKey, LOG_KEY_PATTERN, liveChannel, logKey, metaKey, presenceChannel } from './keys.ts';
import { readEntry, readHead } from './log-replies.ts';
import { comparePositions, formatPosition, type Position, readPosition } from './position.ts';
import { RedisHeartbeat } from './redis-heartbeat.ts';
import { RedisReplicas } from './redis-replicas.ts';
import { RedisScripts } from './redis-scripts.ts';
import { RedisSubscriptions } from './redis-subscriptions.ts';
import {
  type AppendResult,
  type LogHead,
  type LogListener,
  type LogPage,
  LogUnavailable,
  type OpenedLog,
  type UpdateLog,
} from './update-log.ts';

/** Larger updates are announced without their bytes, so that one of them cannot cut a slow subscriber (32 MB). */
const INLINE_LIMIT_BYTES = 256 * 1024;
/** SNAP7: a fully folded log that nobody opens leaves Redis after this. */
const IDLE_LIFETIME_MS = 10 * 60_000;
/** Entries one call of `trim-2.lua` looks at; about a millisecond of Redis. */
const TRIM_CHUNK = 1_000;

const script = (file: string): URL => new URL(`./lua/${file}.lua`, import.meta.url);
const SCRIPTS = {
  append: script('append-3'),
  open: script('open-3'),
  head: script('head-2'),
  trim: script('trim-2'),
};

export type RedisUpdateLogOptions = {
  /** `redis://…` */
  readonly url: string;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
  /** So many replicas must have an entry before its append resolves (`WAIT`); 0 unless told. */
  readonly replicas?: number;
  /** In a cluster: slots that were listened to here have moved. */
  readonly onMoved?: () => void;
};

/**
 * The log on Redis Streams: entries `<epoch>-<seq>` in `kry:{docId}:log`, one Lua script per append that writes and
 * publishes. See {@link UpdateLog} for what is guaranteed; this file only says how.
 *
 * With `replicas`, an append resolves once they have it, and what it appended is not told to the listeners of this
 * process before: the echo is an acknowledgement too (LOG1). Other processes see it earlier. Should it be lost with its
 * Redis, they notice that the log ends before what they have seen (LOG3).
 */
export class RedisUpdateLog implements UpdateLog {
  readonly #commands: RedisCommands;
  readonly #scripts: RedisScripts<keyof typeof SCRIPTS>;
  readonly #subscriptions: RedisSubscriptions;
  readonly #interruptionListeners = new Set<() => void>();
  readonly #heartbeat: RedisHeartbeat;
  readonly #replicas: RedisReplicas | null;
  readonly #held = new HeldEntries();

  /** Connects; rejects when Redis cannot be reached. */
  static async connect(options: RedisUpdateLogOptions): Promise<RedisUpdateLog> {
    const log = new RedisUpdateLog(options);
    try {
      await Promise.all([log.#commands.connect(), log.#subscriptions.connect(), log.#replicas?.connect()]);
    } catch (error) {
      await log.close();
      throw new LogUnavailable('Redis does not answer', { cause: error });
    }
    return log;
  }

  private constructor({ url, name, onError, replicas = 0, onMoved = () => {} }: RedisUpdateLogOptions) {
    this.#commands = new RedisCommands({
      url,
      name: `${name}:log`,
      onError,
      onReady: () => void this.#scripts.load().catch(onError),
    });
    this.#scripts = new RedisScripts((...args) => this.#commands.call(...args), SCRIPTS);
    this.#subscriptions = new RedisSubscriptions({
      url,
      name: `${name}:live`,
      onError,
      onMoved,
      onRestored: () => {
        for (const listener of this.#interruptionListeners) listener();
      },
    });
    this.#heartbeat = new RedisHeartbeat(this.#commands, this.#subscriptions);
    this.#replicas = replicas > 0 ? new RedisReplicas({ url, name, onError, replicas }) : null;
  }

  async open(docId: DocId, after: Position): Promise<OpenedLog> {
    const keys = [logKey(docId), metaKey(docId), liveChannel(docId)];
    const run = this.#run;
    const reply = await this.#script('open', [...keys, after.epoch, after.seq, IDLE_LIFETIME_MS, run]);
    const head = readHead(reply);
    if (head === null) throw new LogUnavailable(`open of ${docId}: Redis answered without a head`);
    const listening = Array.isArray(reply) ? Number(reply[3]) : 0;
    return { ...head, hasOthers: listening > 1 || this.#subscriptions.listenersOf(docId) > 1 };
  }

  async append(docId: DocId, known: Position, update: Uint8Array): Promise<AppendResult> {
    if (this.#replicas === null) return (await this.#append(docId, known, update)).result;
    this.#held.hold(docId);
    try {
      const { result, run } = await this.#append(docId, known, update);
      if (result.kind === 'appended') await this.#haveReplicas(docId, run);
      this.#held.settle(docId, true);
      return result;
    } catch (error) {
      // It may be in the log; the caller appends it again.
      this.#held.settle(docId, false);
      throw error;
    }
  }

  async #append(
    docId: DocId,
    known: Position,
    update: Uint8Array,
  ): Promise<{ readonly result: AppendResult; readonly run: string }> {
    const keys = [logKey(docId), metaKey(docId), liveChannel(docId)];
    const run = this.#run;
    const id = await this.#script('append', [
      ...keys,
      known.epoch,
      known.seq,
      asBuffer(update),
      INLINE_LIMIT_BYTES,
      run,
    ]);
    if (!Buffer.isBuffer(id)) return { result: { kind: 'lost' }, run };
    return { result: { kind: 'appended', position: readPosition(id) }, run };
  }

  async read(docId: DocId, after: Position, limit: number): Promise<LogPage> {
    // What is read may hold what this process appended and has no right to acknowledge yet.
    const run = this.#held.isHeld(docId) ? this.#run : null;
    const raw = await this.#guard(() =>
      this.#commands.call('XRANGE', logKey(docId), `(${formatPosition(after)}`, '+', 'COUNT', limit),
    );
    if (run !== null) await this.#haveReplicas(docId, run);
    if (!Array.isArray(raw)) throw new LogUnavailable(`read of ${docId}: Redis answered without entries`);
    const entries = raw.map(readEntry);
    const first = entries[0];
    const continues = first?.position.epoch === after.epoch && first.position.seq === after.seq + 1;
    if (!continues) {
      // A hole in front of the first entry is harmless unless it was made by trimming, and trimming leaves a mark.
      const [head] = await this.heads([docId]);
      if (!head || comparePositions(head.last, after) < 0) return { kind: 'missing' };
      if (head.covered && comparePositions(head.covered, after) > 0) return { kind: 'behind' };
    }
    return { kind: 'entries', entries, more: entries.length === limit };
  }

  async heads(docIds: readonly DocId[], { isOpen = false } = {}): Promise<(LogHead | null)[]> {
    const lifetimeMs = isOpen ? IDLE_LIFETIME_MS : 0;
    return await Promise.all(
      docIds.map(async (docId) =>
        readHead(await this.#script('head', [logKey(docId), metaKey(docId), lifetimeMs])),
      ),
    );
  }

  async subscribe(docId: DocId, listener: LogListener): Promise<() => Promise<void>> {
    if (this.#replicas === null) return await this.#guard(() => this.#subscriptions.add(docId, listener));
    const held = this.#held.listener(docId, listener);
    const leave = await this.#guard(() => this.#subscriptions.add(docId, held));
    return async () => {
      if (this.#subscriptions.listenersOf(docId) === 1) this.#held.forget(docId);
      await leave();
    };
  }

  async publishPresence(docId: DocId, message: Uint8Array): Promise<void> {
    await this.#guard(() => this.#commands.call('SPUBLISH', presenceChannel(docId), asBuffer(message)));
  }

  async trim(docId: DocId, covered: Position, keepMs: number): Promise<number> {
    const keys = [logKey(docId), metaKey(docId)];
    let removed = 0;
    for (;;) {
      const reply = await this.#script('trim', [
        ...keys,
        covered.epoch,
        covered.seq,
        keepMs,
        TRIM_CHUNK,
        IDLE_LIFETIME_MS,
      ]);
      const [count = 0, more = 0] = Array.isArray(reply) ? reply.map(Number) : [];
      removed += count;
      if (!more) return removed;
    }
  }

  async remove(docId: DocId): Promise<void> {
    // Both keys are of one slot. Their memory is freed beside the commands of others, however long the log.
    await this.#guard(() => this.#commands.call('UNLINK', logKey(docId), metaKey(docId)));
  }

  async *documents(): AsyncIterable<DocId> {
    let cursor = '0';
    do {
      const reply = await this.#guard(() =>
        this.#commands.call('SCAN', cursor, 'MATCH', LOG_KEY_PATTERN, 'COUNT', 1000),
      );
      const [next, keys] = Array.isArray(reply) ? reply : [];
      if (!Array.isArray(keys)) throw new LogUnavailable('Redis answered SCAN without keys');
      for (const key of keys) {
        const docId = docIdOfLogKey(String(key));
        if (docId !== null) yield docId;
      }
      cursor = String(next);
    } while (cursor !== '0');
  }

  canary(nodeId: string, timeoutMs: number): Promise<number> {
    return this.#guard(() => this.#heartbeat.beat(nodeId, timeoutMs));
  }

  /** Resolves when Redis answers commands. */
  async ping(): Promise<void> {
    await this.#guard(() => this.#commands.call('PING'));
  }

  async resubscribe(): Promise<void> {
    this.#subscriptions.reconnect();
  }

  onInterruption(listener: () => void): () => void {
    this.#interruptionListeners.add(listener);
    return () => this.#interruptionListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#commands.close();
    this.#subscriptions.close();
    this.#replicas?.disconnect();
  }

  /** Which Redis the next command goes to (LOG3). Throws {@link LogUnavailable} without a connection. */
  get #run(): string {
    const { run } = this.#commands;
    if (run === null) throw new LogUnavailable('there is no connection to Redis');
    return run;
  }

  async #haveReplicas(docId: DocId, run: string): Promise<void> {
    await this.#guard(async () => this.#replicas?.have(docId, run));
  }

  #script(name: keyof typeof SCRIPTS, args: readonly RedisArgument[]): Promise<RedisReply> {
    return this.#scripts.run(name, args).catch(unavailable);
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      return unavailable(error);
    }
  }
}

function unavailable(error: unknown): never {
  if (error instanceof LogUnavailable) throw error;
  throw new LogUnavailable(`Redis: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
