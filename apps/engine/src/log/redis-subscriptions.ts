import type { DocId } from '../protocol/ids.ts';
import { RedisListener, type RedisListenerOptions } from '../redis/redis-listener.ts';
import { liveChannel, nodeChannel, presenceChannel } from './keys.ts';
import { readPosition } from './position.ts';
import type { LogListener } from './update-log.ts';

/**
 * The shortest time between two writes of subscriptions. Node accepts one connection per turn of its event loop, so a
 * turn gathers nothing; what is gathered here stays together on its way through log and snapshots.
 */
const WINDOW_MS = 5;

export type RedisSubscriptionsOptions = Pick<RedisListenerOptions, 'url' | 'name' | 'onError' | 'onMoved'> & {
  /** After a reconnect, when every channel is listened to again: messages may have been missed. */
  readonly onRestored: () => void;
};

type ChannelHandler = (message: Buffer) => void;

/** A command that waits to be written together with others. */
type Waiting = {
  readonly command: 'subscribe' | 'unsubscribe';
  readonly channels: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * All sharded subscriptions of one process over one connection.
 *
 * The set of channels lives here and not in the connection: after a reconnect every channel is subscribed again, and only
 * then `onRestored` tells that messages may have been missed, so that a listener who now compares positions cannot
 * miss another one in between.
 */
export class RedisSubscriptions {
  readonly #redis: RedisListener;
  readonly #handlers = new Map<string, ChannelHandler>();
  readonly #listeners = new Map<DocId, Set<LogListener>>();
  readonly #onRestored: () => void;
  readonly #onError: (error: unknown) => void;
  #waiting: Waiting[] = [];
  #flushedAt = Number.NEGATIVE_INFINITY;
  #wasReady = false;

  constructor({ onRestored, ...options }: RedisSubscriptionsOptions) {
    this.#onRestored = onRestored;
    this.#onError = options.onError;
    this.#redis = new RedisListener({
      ...options,
      onMessage: (channel, message) => this.#handlers.get(channel)?.(message),
      onReady: () => {
        if (this.#wasReady) void this.#renewAll();
        this.#wasReady = true;
      },
    });
  }

  /** Rejects when Redis cannot be reached. */
  connect(): Promise<void> {
    return this.#redis.connect();
  }

  /** Gives up the connection for another one; `onRestored` follows. */
  reconnect(): void {
    this.#redis.reconnect();
  }

  close(): void {
    this.#redis.close();
  }

  /** Resolves when Redis confirmed the subscription. While Redis is away the call rejects, and nothing is kept. */
  async add(docId: DocId, listener: LogListener): Promise<() => Promise<void>> {
    const existing = this.#listeners.get(docId);
    if (existing) {
      existing.add(listener);
    } else {
      const listeners = new Set([listener]);
      this.#listeners.set(docId, listeners);
      this.#handlers.set(liveChannel(docId), (message) => announce(message, listeners));
      this.#handlers.set(presenceChannel(docId), (message) => {
        for (const each of listeners) each.presence(message);
      });
    }
    try {
      // Also for a second listener: the first one's confirmation may still be on its way.
      await this.#send('subscribe', docId);
    } catch (error) {
      this.#drop(docId, listener);
      throw error;
    }
    return () => this.#remove(docId, listener);
  }

  /** How many listeners of this process a document has; to Redis they are one. */
  listenersOf(docId: DocId): number {
    return this.#listeners.get(docId)?.size ?? 0;
  }

  /** Listens to a single channel that is not a document's. */
  async addChannel(channel: string, handler: ChannelHandler): Promise<void> {
    this.#handlers.set(channel, handler);
    await this.#redis.subscribe([channel]);
  }

  /** Whether the node's own channel is listened to; the canary subscribes once. */
  listensToNode(nodeId: string): boolean {
    return this.#handlers.has(nodeChannel(nodeId));
  }

  /**
   * One command for each document (LOG7), and one write for all of a turn: where a crowd opens documents, a write each
   * costs more than what it says.
   */
  #send(command: Waiting['command'], docId: DocId): Promise<void> {
    const channels = [liveChannel(docId), presenceChannel(docId)];
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, channels, resolve, reject });
      if (this.#waiting.length === 1) this.#schedule();
    });
  }

  #schedule(): void {
    const waitMs = this.#flushedAt + WINDOW_MS - performance.now();
    const flush = () => this.#flush();
    // Node's timers are no finer than 1 ms.
    if (waitMs < 1) setImmediate(flush);
    else setTimeout(flush, waitMs);
  }

  #flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#flushedAt = performance.now();
    for (const { command, channels, resolve, reject } of waiting) {
      this.#redis[command](channels).then(resolve, reject);
    }
  }

  #drop(docId: DocId, listener: LogListener): boolean {
    const listeners = this.#listeners.get(docId);
    if (!listeners?.delete(listener) || listeners.size > 0) return false;
    this.#listeners.delete(docId);
    this.#handlers.delete(liveChannel(docId));
    this.#handlers.delete(presenceChannel(docId));
    return true;
  }

  async #remove(docId: DocId, listener: LogListener): Promise<void> {
    if (!this.#drop(docId, listener)) return;
    // Without a connection there is no subscription to end: the renewal will not include it.
    if (!this.#redis.isUp) return;
    await this.#send('unsubscribe', docId).catch(this.#onError);
  }

  async #renewAll(): Promise<void> {
    const renewals: Promise<unknown>[] = [];
    const inDocuments = new Set<string>();
    for (const docId of this.#listeners.keys()) {
      const channels = [liveChannel(docId), presenceChannel(docId)];
      for (const channel of channels) inDocuments.add(channel);
      renewals.push(this.#redis.subscribe(channels));
    }
    for (const channel of this.#handlers.keys()) {
      if (!inDocuments.has(channel)) renewals.push(this.#redis.subscribe([channel]));
    }
    const results = await Promise.allSettled(renewals);
    const failed = results.find((result) => result.status === 'rejected');
    // The connection broke again: its next 'ready' renews. If it did not, the canary notices (LOG5).
    if (failed) this.#onError(failed.reason);
    this.#onRestored();
  }
}

/** Reads what `append-3.lua` and `open-3.lua` publish: one byte with the id's length, the id, the update. */
function announce(message: Buffer, listeners: ReadonlySet<LogListener>): void {
  const idEnd = 1 + (message[0] ?? 0);
  const position = readPosition(message, 1, idEnd);
  const update = message.length > idEnd ? message.subarray(idEnd) : null;
  for (const listener of listeners) listener.entry(position, update);
}
