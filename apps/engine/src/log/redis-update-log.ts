import type { Redis } from 'ioredis';
import type { DocId } from '../protocol/ids.ts';
import { HeldEntries } from './held-entries.ts';
import {
  docIdOfLogKey,
  LOG_KEY_PATTERN,
  liveChannel,
  logKey,
  metaKey,
  nodeChannel,
  presenceChannel,
} from './keys.ts';
import { comparePositions, formatPosition, type Position, parsePosition } from './position.ts';
import { commandConnection, listeningConnection } from './redis-connection.ts';
import { RedisReplicas } from './redis-replicas.ts';
import { RedisRun } from './redis-run.ts';
import { RedisScripts, type ScriptReply } from './redis-scripts.ts';
import { RedisSubscriptions } from './redis-subscriptions.ts';
import {
  type AppendResult,
  type LogEntry,
  type LogHead,
  type LogListener,
  type LogPage,
  LogUnavailable,
  type OpenedLog,
  type TrimResult,
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
  readonly #commands: Redis;
  readonly #listening: Redis;
  readonly #scripts: RedisScripts<keyof typeof SCRIPTS>;
  readonly #redisRun: RedisRun;
  readonly #subscriptions: RedisSubscriptions;
  readonly #interruptionListeners = new Set<() => void>();
  readonly #echoes = new Map<string, () => void>();
  readonly #replicas: RedisReplicas | null;
  readonly #held = new HeldEntries();

  /** Connects; rejects when Redis cannot be reached. */
  static async connect(options: RedisUpdateLogOptions): Promise<RedisUpdateLog> {
    const log = new RedisUpdateLog(options);
    try {
      await Promise.all([log.#commands.connect(), log.#listening.connect(), log.#replicas?.connect()]);
      await log.#scripts.load();
    } catch (error) {
      await log.close();
      throw new LogUnavailable('Redis does not answer', { cause: error });
    }
    return log;
  }

  private constructor({ url, name, onError, replicas = 0, onMoved }: RedisUpdateLogOptions) {
    this.#commands = commandConnection(url, `${name}:log`);
    this.#listening = listeningConnection(url, `${name}:live`);
    this.#scripts = new RedisScripts(this.#commands, SCRIPTS);
    this.#redisRun = new RedisRun(this.#commands);
    this.#subscriptions = new RedisSubscriptions(this.#listening, {
      onRestored: () => {
        for (const listener of this.#interruptionListeners) listener();
      },
      onError,
    });
    this.#replicas = replicas > 0 ? new RedisReplicas({ url, name, onError, replicas }) : null;
    this.#commands.on('error', onError);
    this.#listening.on('error', onError);
    if (onMoved) this.#listening.on('moved', onMoved);
    this.#commands.on('ready', () => void this.#scripts.load().catch(onError));
  }

  async open(docId: DocId, after: Position): Promise<OpenedLog> {
    const keys = [logKey(docId), metaKey(docId), liveChannel(docId)];
    const run = this.#redisRun.known ?? (await this.#guard(() => this.#redisRun.id()));
    const reply = await this.#run('open', [...keys, after.epoch, after.seq, IDLE_LIFETIME_MS, run]);
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
    const run = this.#redisRun.known ?? (await this.#guard(() => this.#redisRun.id()));
    const id = await this.#run('append', [
      ...keys,
      known.epoch,
      known.seq,
      asBuffer(update),
      INLINE_LIMIT_BYTES,
      run,
    ]);
    if (!Buffer.isBuffer(id)) return { result: { kind: 'lost' }, run };
    return { result: { kind: 'appended', position: parsePosition(id.toString('latin1')) }, run };
  }

  async read(docId: DocId, after: Position, limit: number): Promise<LogPage> {
    // What is read may hold what this process appended and has no right to acknowledge yet.
    const run = this.#held.isHeld(docId) ? await this.#guard(() => this.#redisRun.id()) : null;
    const raw = await this.#guard(() =>
      this.#commands.xrangeBuffer(logKey(docId), `(${formatPosition(after)}`, '+', 'COUNT', limit),
    );
    if (run !== null) await this.#haveReplicas(docId, run);
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
        readHead(await this.#run('head', [logKey(docId), metaKey(docId), lifetimeMs])),
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
    await this.#guard(() => this.#commands.spublish(presenceChannel(docId), asBuffer(message)));
  }

  async trim(docId: DocId, covered: Position, keepMs: number): Promise<TrimResult> {
    const keys = [logKey(docId), metaKey(docId)];
    let removed = 0;
    for (;;) {
      const reply = await this.#run('trim', [
        ...keys,
        covered.epoch,
        covered.seq,
        keepMs,
        TRIM_CHUNK,
        IDLE_LIFETIME_MS,
      ]);
      const [count = 0, kept = 0, more = 0] = Array.isArray(reply) ? reply.map(Number) : [];
      removed += count;
      if (!more) return { removed, tailKept: kept > 0 };
    }
  }

  async remove(docId: DocId): Promise<void> {
    // Both keys are of one slot. Their memory is freed beside the commands of others, however long the log.
    await this.#guard(() => this.#commands.unlink(logKey(docId), metaKey(docId)));
  }

  async *documents(): AsyncIterable<DocId> {
    let cursor = '0';
    do {
      const [next, keys] = await this.#guard(() =>
        this.#commands.scan(cursor, 'MATCH', LOG_KEY_PATTERN, 'COUNT', 1000),
      );
      for (const key of keys) {
        const docId = docIdOfLogKey(key);
        if (docId !== null) yield docId;
      }
      cursor = next;
    } while (cursor !== '0');
  }

  async canary(nodeId: string, timeoutMs: number): Promise<number> {
    const channel = nodeChannel(nodeId);
    if (!this.#subscriptions.listensToNode(nodeId)) {
      await this.#guard(() => this.#subscriptions.addChannel(channel, () => this.#echoes.get(channel)?.()));
    }
    const startedAt = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const timer = setTimeout(
      () => reject(new LogUnavailable(`the node did not hear its own heartbeat within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#echoes.set(channel, () => resolve(performance.now() - startedAt));
    try {
      // A failed publish is what the timeout reports too, only sooner.
      this.#guard(() => this.#commands.spublish(channel, '1')).catch(reject);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#echoes.delete(channel);
    }
  }

  /** Resolves when Redis answers commands. */
  async ping(): Promise<void> {
    await this.#guard(() => this.#commands.ping());
  }

  async resubscribe(): Promise<void> {
    this.#listening.disconnect(true);
  }

  onInterruption(listener: () => void): () => void {
    this.#interruptionListeners.add(listener);
    return () => this.#interruptionListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#commands.disconnect();
    this.#listening.disconnect();
    this.#replicas?.disconnect();
  }

  async #haveReplicas(docId: DocId, run: string): Promise<void> {
    await this.#guard(async () => this.#replicas?.have(docId, run));
  }

  #run(name: keyof typeof SCRIPTS, args: (string | number | Buffer)[]): Promise<ScriptReply> {
    return this.#guard(() => this.#scripts.run(name, args));
  }

  async #guard<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof LogUnavailable) throw error;
      throw new LogUnavailable(`Redis: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }
}

function readHead(reply: ScriptReply): LogHead | null {
  if (!Array.isArray(reply)) return null;
  const [last, covered, length] = reply;
  if (!Buffer.isBuffer(last)) return null;
  return {
    last: parsePosition(last.toString('latin1')),
    covered: Buffer.isBuffer(covered) ? parsePosition(covered.toString('latin1')) : null,
    isEmpty: length === 0,
  };
}

/** An entry as `append-3.lua` writes it: fields `t` (ms) and `u` (update), in this order. */
function readEntry([id, fields]: [id: Buffer, fields: Buffer[]]): LogEntry {
  const [, at, , update] = fields;
  return {
    position: parsePosition(id.toString('latin1')),
    update: update ?? new Uint8Array(),
    atMs: Number(at?.toString('latin1')),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
