import { pause, systemTimers, type Timers } from '../lifecycle/timers.ts';
import { ClusterUnavailable, type RedisTopology } from './redis-topology.ts';

/** For how long a call that was refused unexecuted is tried again: as long as a command may take. */
const TRY_FOR_MS = 2_000;
const TRY_AGAIN_MS = 50;

export type ShardsOptions<Part> = {
  readonly topology: RedisTopology;
  /** Opens the part of one master, by its URL; rejects when it cannot be reached. */
  readonly open: (url: string) => Promise<Part>;
  readonly onError: (error: unknown) => void;
  readonly timers?: Timers;
};

/** What opens and closes with a master. */
export type Part = { close(): Promise<void> };

/**
 * One adapter for one Redis, many times: a part for each master of a cluster, and the part that is responsible for a
 * key. Masters come and go with failovers and with slots that move.
 */
export class Shards<Each extends Part> {
  readonly topology: RedisTopology;
  readonly #options: ShardsOptions<Each>;
  readonly #timers: Timers;
  readonly #parts = new Map<string, Promise<Each>>();
  readonly #stopListening: () => void;
  #isClosed = false;

  /** Opens a part for each master; rejects when one cannot be reached. */
  static async open<Each extends Part>(options: ShardsOptions<Each>): Promise<Shards<Each>> {
    const shards = new Shards(options);
    try {
      await shards.all();
      return shards;
    } catch (error) {
      await shards.close();
      throw error;
    }
  }

  private constructor(options: ShardsOptions<Each>) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.topology = options.topology;
    this.#stopListening = this.topology.onChange(() => this.#follow());
  }

  /** The parts of all masters, with the master's URL; rejects when one cannot be reached. */
  async all(): Promise<(readonly [master: string, part: Each])[]> {
    return await Promise.all(
      this.topology.masters.map(async (master) => [master, await this.#part(master)] as const),
    );
  }

  /** The part that is responsible for `key` now; rejects when there is none or it cannot be reached. */
  async of(key: string): Promise<Each> {
    return await this.#part(this.topology.masterOf(key));
  }

  /**
   * Calls the responsible part. What a server refused without doing it, because the slot is elsewhere or on its way, is
   * tried again where it belongs; any other rejection is the caller's, who alone knows whether to repeat it.
   */
  async run<Result>(key: string, call: (part: Each) => Promise<Result>): Promise<Result> {
    const startedAt = this.#timers.now();
    for (;;) {
      try {
        return await call(await this.of(key));
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === null || this.#isClosed || this.#timers.now() - startedAt >= TRY_FOR_MS) {
          this.topology.suspect();
          throw error;
        }
        if (refusal === 'moved') await this.topology.refresh();
        await pause(this.#timers, TRY_AGAIN_MS);
      }
    }
  }

  /** Closes all parts; the topology is another's. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    const parts = [...this.#parts.values()];
    this.#parts.clear();
    await Promise.allSettled(parts.map(async (part) => (await part).close()));
  }

  #part(master: string): Promise<Each> {
    const known = this.#parts.get(master);
    if (known !== undefined) return known;
    if (this.#isClosed) return Promise.reject(new Error('the connections to the cluster are closed'));
    const opening = this.#options.open(master);
    this.#parts.set(master, opening);
    opening.catch((error: unknown) => {
      if (this.#parts.get(master) === opening) this.#parts.delete(master);
      this.#options.onError(error);
      this.topology.suspect();
    });
    return opening;
  }

  /** A server that is master of nothing any more is left. */
  #follow(): void {
    for (const [master, part] of this.#parts) {
      if (this.topology.masters.includes(master)) continue;
      this.#parts.delete(master);
      part.then((each) => each.close()).catch(this.#options.onError);
    }
  }
}

/**
 * Whether Redis refused a command before it did anything: `moved`, another master has the slot; `later`, ask again. Null
 * where nobody knows. An adapter's own error holds that of Redis as its cause.
 */
function refusalOf(error: unknown): 'moved' | 'later' | null {
  if (!(error instanceof Error)) return null;
  if (error instanceof ClusterUnavailable) return 'moved';
  const { message } = error.cause instanceof Error ? error.cause : error;
  if (/^(MOVED|READONLY) /.test(message)) return 'moved';
  if (/^(ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN) /.test(message)) return 'later';
  return null;
}
