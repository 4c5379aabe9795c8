import { MovingSubscriptions } from './moving-subscriptions.ts';
import type { RedisTopology } from './redis-topology.ts';
import { type Part, Shards } from './shards.ts';

/** An adapter for one Redis that listens, and says when it may have missed something. */
export type ListeningPart = Part & { onInterruption(listener: () => void): () => void };

export type ListeningShardsOptions<Each extends ListeningPart> = {
  readonly topology: RedisTopology;
  /** Opens the part of one master, by its URL; it calls `onMoved` when what it listened to is elsewhere. */
  readonly open: (url: string, onMoved: () => void) => Promise<Each>;
  /** What every call rejects with; an error of this kind stays as it is. */
  readonly Unavailable: new (
    message: string,
    options: ErrorOptions,
  ) => Error;
  readonly onError: (error: unknown) => void;
};

/** {@link Shards} whose subscriptions follow their slots; an interruption of any of them is one of all. */
export class ListeningShards<Each extends ListeningPart> {
  readonly #Unavailable: ListeningShardsOptions<Each>['Unavailable'];
  readonly #interruptionListeners = new Set<() => void>();
  readonly #shards: Shards<Each>;
  readonly #subscriptions: MovingSubscriptions<Each>;

  /** Connects to every master; rejects when one cannot be reached. */
  static async open<Each extends ListeningPart>(
    options: ListeningShardsOptions<Each>,
  ): Promise<ListeningShards<Each>> {
    const { topology, open, onError, Unavailable } = options;
    // Told before there is anything that could listen.
    let interrupted = () => {};
    const shards = await guard(Unavailable, () =>
      Shards.open({
        topology,
        onError,
        open: async (url) => {
          const part = await open(url, () => topology.suspect());
          part.onInterruption(() => interrupted());
          return part;
        },
      }),
    );
    const listening = new ListeningShards(shards, options);
    interrupted = () => listening.#interrupted();
    return listening;
  }

  private constructor(shards: Shards<Each>, { onError, Unavailable }: ListeningShardsOptions<Each>) {
    this.#Unavailable = Unavailable;
    this.#shards = shards;
    this.#subscriptions = new MovingSubscriptions({ shards, onMoved: () => this.#interrupted(), onError });
  }

  get topology(): RedisTopology {
    return this.#shards.topology;
  }

  /** The part that is responsible for `key` now; rejects when there is none or it cannot be reached. */
  of(key: string): Promise<Each> {
    return this.#shards.of(key);
  }

  /** The parts of all masters. */
  all(): Promise<Each[]> {
    return guard(this.#Unavailable, async () => (await this.#shards.all()).map(([, part]) => part));
  }

  /** Calls the responsible part; see {@link Shards.run}. */
  run<Result>(key: string, call: (part: Each) => Promise<Result>): Promise<Result> {
    return guard(this.#Unavailable, () => this.#shards.run(key, call));
  }

  /** Subscribes at the master that has the slot of `key`, and wherever it goes; the result ends that. */
  subscribe(
    key: string,
    subscribe: (part: Each) => Promise<() => Promise<void>>,
  ): Promise<() => Promise<void>> {
    return guard(this.#Unavailable, () => this.#subscriptions.add(key, subscribe));
  }

  /** `listener` is called whenever messages of any part may have been missed. */
  onInterruption(listener: () => void): () => void {
    this.#interruptionListeners.add(listener);
    return () => this.#interruptionListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#subscriptions.close();
    await this.#shards.close();
  }

  #interrupted(): void {
    for (const listener of this.#interruptionListeners) listener();
  }
}

async function guard<Result>(
  Unavailable: ListeningShardsOptions<ListeningPart>['Unavailable'],
  call: () => Promise<Result>,
): Promise<Result> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable(`Redis Cluster: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
