import type { Redis } from 'ioredis';
import { formatAddress, type RedisAddress, type RedisTarget, serverUrl } from '../config/redis-url.ts';
import { DeadlineExceeded, deadline } from '../lifecycle/deadline.ts';
import { pause, systemTimers, type Timers } from '../lifecycle/timers.ts';
import { commandConnection } from '../log/redis-connection.ts';
import { hashSlot, SLOTS } from './hash-slot.ts';

/** How often the cluster is asked who is master of what; a move that nothing else tells of is noticed by then. */
const ASK_EVERY_MS = 5_000;
/** The shortest time between two rounds of questions while something is wrong. */
const ASK_AGAIN_MS = 250;
/** A server that does not answer in this time is not waited for: others know as well. */
const ANSWER_MS = 1_000;
/** At the start, where nothing is known without an answer. */
const BEGIN_MS = 8_000;

export type RedisTopologyOptions = {
  readonly target: Extract<RedisTarget, { kind: 'cluster' }>;
  /** Shown by CLIENT LIST. */
  readonly name: string;
  readonly onError: (error: unknown) => void;
  readonly timers?: Timers;
};

/** Who is master of which slots, as one server tells it. */
type View = {
  /** Larger after each failover and each move of slots (`cluster_current_epoch`). */
  readonly epoch: number;
  readonly isOk: boolean;
  readonly masters: readonly string[];
  /** Where each of them is. */
  readonly places: readonly RedisAddress[];
  /** For each slot the index of its master, or -1 where nobody has it. */
  readonly owners: Int16Array;
  readonly servers: readonly RedisAddress[];
};

/** Of a reply to CLUSTER SLOTS: first slot, last slot, then [host, port, id, …] of the master and of each replica. */
type SlotRange = readonly [
  first: number,
  last: number,
  ...servers: (readonly [host: string | null, port: number, ...rest: unknown[]])[],
];

/** The Redis Cluster does not answer, or nobody has the slot. */
export class ClusterUnavailable extends Error {
  override readonly name = 'ClusterUnavailable';
}

/**
 * Where the slots of a Redis Cluster are. All servers that are known are asked together, and whoever knows the newest
 * epoch is believed: a master that was cut off with a minority tells for long what is no longer true.
 */
export class RedisTopology {
  readonly #target: RedisTopologyOptions['target'];
  readonly #name: string;
  readonly #onError: (error: unknown) => void;
  readonly #timers: Timers;
  readonly #servers = new Map<string, Redis>();
  readonly #listeners = new Set<() => void>();
  #view: View | null = null;
  /** Whether a server took too long in the last round: it may answer in the next. */
  #isAnyLate = false;
  #asking: Promise<void> | null = null;
  #askedAt = Number.NEGATIVE_INFINITY;
  #cancelNext = () => {};
  #isClosed = false;

  /** Resolves when the slots are known; rejects with {@link ClusterUnavailable} when no server tells them. */
  static async connect(options: RedisTopologyOptions): Promise<RedisTopology> {
    const topology = new RedisTopology(options);
    try {
      await topology.#begin();
      return topology;
    } catch (error) {
      topology.close();
      throw error;
    }
  }

  private constructor({ target, name, onError, timers = systemTimers }: RedisTopologyOptions) {
    this.#target = target;
    this.#name = name;
    this.#onError = onError;
    this.#timers = timers;
  }

  /** The URLs of all masters that have slots. */
  get masters(): readonly string[] {
    return this.#view?.masters ?? [];
  }

  /** Whether the cluster says of itself that it is well, and somebody has each slot. */
  get isWhole(): boolean {
    return this.#view?.isOk === true && !this.#view.owners.includes(-1);
  }

  /** The URL of the master that has the slot of `key`; throws {@link ClusterUnavailable} when nobody has it. */
  masterOf(key: string): string {
    const slot = hashSlot(key);
    const master = this.#view?.masters[this.#view.owners[slot] ?? -1];
    if (master === undefined) throw new ClusterUnavailable(`no master has slot ${slot}`);
    return master;
  }

  /** A hash tag whose slot this master has; null when it has none. */
  tagOf(master: string): string | null {
    const view = this.#view;
    const index = view?.masters.indexOf(master) ?? -1;
    if (view === null || index === -1) return null;
    for (let tag = 0; tag < SLOTS; tag++) {
      if (view.owners[hashSlot(String(tag))] === index) return String(tag);
    }
    return null;
  }

  /** What each master says of itself (https://redis.io/commands/info). Rejects when one does not answer. */
  async infos(): Promise<string[]> {
    return await Promise.all((this.#view?.places ?? []).map((place) => this.#server(place).info()));
  }

  /** `listener` is called whenever slots have another master than before. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Something went wrong that may come from a failover or from slots that moved: asks soon. */
  suspect(): void {
    const waitMs = this.#askedAt + ASK_AGAIN_MS - this.#timers.now();
    if (waitMs <= 0) void this.refresh();
    else this.#askIn(waitMs);
  }

  /** Asks now, unless a round is under way, which counts too. Never rejects. */
  refresh(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null;
      this.#askIn(this.isWhole ? ASK_EVERY_MS : ASK_AGAIN_MS);
    });
    return this.#asking;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelNext();
    for (const redis of this.#servers.values()) redis.disconnect();
    this.#servers.clear();
  }

  /** Asks until somebody answers: a process that has just begun may be too busy to listen for a second. */
  async #begin(): Promise<void> {
    const startedAt = this.#timers.now();
    for (;;) {
      await this.refresh();
      if (this.#view !== null) return;
      if (!this.#isAnyLate || this.#timers.now() - startedAt >= BEGIN_MS) {
        throw new ClusterUnavailable('no server of the Redis Cluster answers');
      }
      await pause(this.#timers, ASK_AGAIN_MS);
    }
  }

  #askIn(delayMs: number): void {
    this.#cancelNext();
    if (this.#isClosed) return;
    this.#cancelNext = this.#timers.after(delayMs, () => void this.refresh());
  }

  async #ask(): Promise<void> {
    this.#askedAt = this.#timers.now();
    const addresses = [...this.#target.seeds, ...(this.#view?.servers ?? [])];
    const distinct = new Map(addresses.map((address) => [formatAddress(address), address]));
    const views: View[] = [];
    this.#isAnyLate = false;
    await Promise.all(
      [...distinct.values()].map(async (address) => {
        try {
          views.push(await deadline(this.#viewOf(address), ANSWER_MS, `asking ${formatAddress(address)}`));
        } catch (error) {
          this.#isAnyLate ||= isLate(error);
          if (!this.#isClosed) this.#onError(error);
        }
      }),
    );
    if (this.#isClosed) return;
    const [newest] = views.toSorted(byKnowledge);
    if (newest === undefined || (this.#view !== null && newest.epoch < this.#view.epoch)) return;
    const isSame = this.#view !== null && isSameOwnership(this.#view, newest);
    this.#view = newest;
    this.#forgetServers(newest.servers);
    if (!isSame) for (const listener of this.#listeners) listener();
  }

  async #viewOf(address: RedisAddress): Promise<View> {
    const redis = this.#server(address);
    if (redis.status === 'wait') await redis.connect();
    const [info, slots] = await Promise.all([redis.cluster('INFO'), redis.cluster('SLOTS')]);
    return readView(String(info), slots, address, (at) => serverUrl(at, this.#target.access));
  }

  #server(address: RedisAddress): Redis {
    const key = formatAddress(address);
    const known = this.#servers.get(key);
    if (known) return known;
    const redis = commandConnection(serverUrl(address, this.#target.access), `${this.#name}:topology`, {
      enableAutoPipelining: false,
      connectTimeout: ANSWER_MS,
      commandTimeout: ANSWER_MS,
    });
    // Told by what is rejected.
    redis.on('error', () => {});
    this.#servers.set(key, redis);
    return redis;
  }

  #forgetServers(current: readonly RedisAddress[]): void {
    const kept = new Set([...current, ...this.#target.seeds].map(formatAddress));
    for (const [key, redis] of this.#servers) {
      if (kept.has(key)) continue;
      redis.disconnect();
      this.#servers.delete(key);
    }
  }
}

/** Not refused: ioredis' own limits for a command and a connection, and ours for both. */
function isLate(error: unknown): boolean {
  return error instanceof DeadlineExceeded || (error instanceof Error && /timed ?out/i.test(error.message));
}

/** The newest first; of equally new ones, whose server is well, and who knows a master of the most slots. */
function byKnowledge(one: View, other: View): number {
  return (
    other.epoch - one.epoch || Number(other.isOk) - Number(one.isOk) || ownedSlots(other) - ownedSlots(one)
  );
}

function ownedSlots({ owners }: View): number {
  return owners.reduce((count, master) => (master === -1 ? count : count + 1), 0);
}

function readView(
  info: string,
  ranges: readonly SlotRange[],
  asked: RedisAddress,
  urlOf: (address: RedisAddress) => string,
): View {
  const owners = new Int16Array(SLOTS).fill(-1);
  const masters: string[] = [];
  const places: RedisAddress[] = [];
  const servers: RedisAddress[] = [];
  for (const [first, last, ...those] of ranges) {
    // A server that does not know its own address says "" or nothing: it is where it was asked.
    const addresses = those.map(([host, port]) => ({ host: host || asked.host, port: Number(port) }));
    servers.push(...addresses);
    const [master] = addresses;
    if (master === undefined) continue;
    const url = urlOf(master);
    if (!masters.includes(url)) {
      masters.push(url);
      places.push(master);
    }
    owners.fill(masters.indexOf(url), Number(first), Number(last) + 1);
  }
  return {
    epoch: Number(/^cluster_current_epoch:(\d+)/m.exec(info)?.[1] ?? 0),
    isOk: /^cluster_state:ok/m.test(info),
    masters,
    places,
    owners,
    servers,
  };
}

function isSameOwnership(one: View, other: View): boolean {
  if (one.masters.length !== other.masters.length) return false;
  return one.owners.every((index, slot) => one.masters[index] === other.masters[other.owners[slot] ?? -1]);
}
