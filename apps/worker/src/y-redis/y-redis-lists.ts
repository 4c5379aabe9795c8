import type { Redis } from 'ioredis';

/** Of a document's list; `updates` is all there is of a document in y-redis. */
const SUFFIX = ':updates';
const SCAN_COUNT = 1_000;

/**
 * As `PersistenceDoc.updateHandler` of y-redis 1.0.3 does it, in one step: append, then tell the new length on the
 * channel of the document's name. Peers read from their own clock when the length is above it. In one script, so that
 * no update can be in the list without having been announced.
 */
const PUSH = `
local length = redis.call('RPUSH', KEYS[1], ARGV[2])
redis.call('PUBLISH', ARGV[1], tostring(length))
return length`;

/** A key that looks like a document of y-redis. */
export type FoundKey = {
  /** The document's name, without `:updates`. */
  readonly name: string;
  /** What Redis calls its type; y-redis writes lists. */
  readonly type: string;
};

export type ListsListener = {
  /** Something was announced about the document; `length` of its list, null where the message is no length. */
  announced(name: string, length: number | null): void;
  /** Messages may have been missed. */
  interrupted(): void;
};

/** The Redis of the y-redis deployment did not answer in time or refused; whether a write happened is unknown. */
export class YRedisUnavailable extends Error {
  override readonly name = 'YRedisUnavailable';
}

/** The key of a document holds something that y-redis did not write. */
export class NotAList extends Error {
  override readonly name = 'NotAList';
}

/**
 * A y-redis 1.0.3 deployment as Redis sees it: each document a list `<name>:updates` of Yjs v1 updates that only grows,
 * and a channel `<name>` on which the new length is published. Calls reject with {@link YRedisUnavailable}.
 */
export class YRedisLists {
  readonly #commands: Redis;
  readonly #listening: Redis;

  /** Both connections not yet connected, that for listening without automatic resubscription. */
  constructor(commands: Redis, listening: Redis) {
    this.#commands = commands;
    this.#listening = listening;
  }

  async connect(): Promise<void> {
    await guard(() => Promise.all([this.#commands.connect(), this.#listening.connect()]));
  }

  /** Every key named like a document whose name begins with `prefix`, in no order, possibly twice. */
  async *find(prefix: string): AsyncIterable<FoundKey> {
    const pattern = `${escapeGlob(prefix)}*${SUFFIX}`;
    let cursor = '0';
    do {
      const [next, keys] = await guard(() =>
        this.#commands.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT),
      );
      yield* await this.types(keys.map((key) => key.slice(0, -SUFFIX.length)));
      cursor = next;
    } while (cursor !== '0');
  }

  /** What the keys of these names are; `none` where there is nothing. */
  async types(names: readonly string[]): Promise<FoundKey[]> {
    return await guard(() =>
      Promise.all(names.map(async (name) => ({ name, type: await this.#commands.type(keyOf(name)) }))),
    );
  }

  /** The lengths of the lists, in the order asked. */
  async lengths(names: readonly string[]): Promise<number[]> {
    return await guard(() => Promise.all(names.map((name) => this.#commands.llen(keyOf(name)))));
  }

  /** At most `count` updates from `start` on, oldest first. */
  async read(name: string, start: number, count: number): Promise<Buffer[]> {
    return await guard(() => this.#commands.lrangeBuffer(keyOf(name), start, start + count - 1));
  }

  /** Adds an update and announces it, so that live peers of y-redis fetch it. Resolves with the list's new length. */
  async push(name: string, update: Uint8Array): Promise<number> {
    const bytes = Buffer.from(update.buffer, update.byteOffset, update.byteLength);
    return Number(await guard(() => this.#commands.eval(PUSH, 1, keyOf(name), name, bytes)));
  }

  /** Announces a length again, for peers that missed the message; harmless for those that did not. */
  async announce(name: string, length: number): Promise<void> {
    await guard(() => this.#commands.publish(name, String(length)));
  }

  /**
   * Hears of every document whose name begins with one of `prefixes`. Resolves when Redis confirmed it; renewed when a
   * lost connection is back.
   */
  async listen(prefixes: readonly string[], listener: ListsListener): Promise<void> {
    const patterns = prefixes.map((prefix) => `${escapeGlob(prefix)}*`);
    this.#listening.on('pmessage', (_pattern: string, channel: string, message: string) => {
      listener.announced(channel, /^\d{1,15}$/.test(message) ? Number(message) : null);
    });
    this.#listening.on('ready', () => {
      // Should it fail, the connection broke again, and the next 'ready' renews.
      this.#listening.psubscribe(...patterns).then(
        () => listener.interrupted(),
        () => {},
      );
    });
    await guard(() => this.#listening.psubscribe(...patterns));
  }

  close(): void {
    this.#commands.disconnect();
    this.#listening.disconnect();
  }
}

function keyOf(name: string): string {
  return `${name}${SUFFIX}`;
}

/** A prefix as a pattern of Redis that matches it literally. */
function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&');
}

async function guard<Result>(call: () => Promise<Result>): Promise<Result> {
  try {
    return await call();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    if (message.startsWith('WRONGTYPE')) throw new NotAList('its key holds no list', { cause });
    throw new YRedisUnavailable(`the Redis of y-redis: ${message}`, { cause });
  }
}
