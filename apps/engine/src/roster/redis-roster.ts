import type { Redis } from 'ioredis';
import { callThrough, commandConnection } from '../log/redis-connection.ts';
import { RedisScripts } from '../log/redis-scripts.ts';
import type { RedisTopology } from '../redis/redis-topology.ts';
import type { RedisReply } from '../redis/resp-reader.ts';
import { leadTo } from '../redis/slot-connector.ts';
import { decodeStatus, encodeStatus, type ProcessStatus } from './process-status.ts';
import { FORGET_AFTER_MS, type Roster, type RosterEntry, RosterUnavailable, sortEntries } from './roster.ts';

/** One hash for all: one key is one hash slot (Redis Cluster), and a cluster has few processes. */
export const ROSTER_KEY = 'kry:roster';

const SCRIPTS = {
  report: new URL('./lua/report-1.lua', import.meta.url),
  read: new URL('./lua/read-1.lua', import.meta.url),
};

export type RedisRosterOptions = {
  /** `redis://…`, or the cluster. */
  readonly url: string | RedisTopology;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
};

/** The roster in Redis: a hash with one field for each process. */
export class RedisRoster implements Roster {
  readonly #redis: Redis;
  readonly #scripts: RedisScripts<keyof typeof SCRIPTS>;

  /** Connects; rejects with {@link RosterUnavailable} when Redis cannot be reached. */
  static async connect(options: RedisRosterOptions): Promise<RedisRoster> {
    const roster = new RedisRoster(options);
    try {
      await roster.#redis.connect();
      await roster.#scripts.load();
    } catch (error) {
      await roster.close();
      throw new RosterUnavailable('Redis does not answer', { cause: error });
    }
    return roster;
  }

  private constructor({ url, name, onError }: RedisRosterOptions) {
    const place = leadTo(url, ROSTER_KEY);
    this.#redis = commandConnection(place.url, `${name}:roster`, place.options);
    this.#scripts = new RedisScripts((...args) => callThrough(this.#redis, args), SCRIPTS);
    this.#redis.on('error', onError);
  }

  async report(status: ProcessStatus): Promise<void> {
    await guard(() =>
      this.#scripts.run('report', [ROSTER_KEY, status.id, encodeStatus(status), FORGET_AFTER_MS]),
    );
  }

  async leave(id: string): Promise<void> {
    await guard(() => this.#redis.hdel(ROSTER_KEY, id));
  }

  async read(): Promise<RosterEntry[]> {
    return sortEntries(
      entriesOf(await guard(() => this.#scripts.run('read', [ROSTER_KEY, FORGET_AFTER_MS]))),
    );
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}

function entriesOf(reply: RedisReply): RosterEntry[] {
  if (!Array.isArray(reply)) throw new RosterUnavailable('Redis answered with something that is no roster');
  const entries: RosterEntry[] = [];
  for (let index = 0; index + 1 < reply.length; index += 2) {
    const status = decodeStatus(String(reply[index + 1]));
    if (status !== null) entries.push({ status, ageMs: Number(reply[index]) });
  }
  return entries;
}

async function guard<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new RosterUnavailable(`Redis: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
