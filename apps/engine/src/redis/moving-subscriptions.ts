import { pause, systemTimers, type Timers } from '../lifecycle/timers.ts';
import type { Part, Shards } from './shards.ts';

const TRY_AGAIN_MS = 250;

type Leave = () => Promise<void>;

type Subscription<Each> = {
  readonly key: string;
  readonly subscribe: (part: Each) => Promise<Leave>;
  at: { readonly part: Each; readonly leave: Leave } | null;
};

export type MovingSubscriptionsOptions<Each extends Part> = {
  readonly shards: Shards<Each>;
  /** Subscriptions are elsewhere now, and messages may have been missed on the way. */
  readonly onMoved: () => void;
  readonly onError: (error: unknown) => void;
  readonly timers?: Timers;
};

/** Subscriptions that follow their slots: from one master to the next, with each failover and each move. */
export class MovingSubscriptions<Each extends Part> {
  readonly #options: MovingSubscriptionsOptions<Each>;
  readonly #timers: Timers;
  readonly #subscriptions = new Set<Subscription<Each>>();
  readonly #stopListening: () => void;
  #isMoving = false;
  /** Counts what may have changed since the last look. */
  #wanted = 0;
  #isClosed = false;

  constructor(options: MovingSubscriptionsOptions<Each>) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#stopListening = options.shards.topology.onChange(() => void this.#move());
  }

  /** Subscribes at the master that has the slot of `key`, and wherever it goes; the result ends that. */
  async add(key: string, subscribe: (part: Each) => Promise<Leave>): Promise<Leave> {
    const subscription: Subscription<Each> = { key, subscribe, at: null };
    const { shards } = this.#options;
    const at = await shards.run(key, async (part) => ({ part, leave: await subscribe(part) }));
    subscription.at = at;
    this.#subscriptions.add(subscription);
    // The slot may have moved since it was asked for.
    const isThere = await shards.of(key).then(
      (part) => part === at.part,
      () => false,
    );
    if (!isThere) void this.#move();
    return async () => {
      this.#subscriptions.delete(subscription);
      await subscription.at?.leave();
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    this.#subscriptions.clear();
  }

  /** Until each is where it belongs; one at a time. Never rejects. */
  async #move(): Promise<void> {
    this.#wanted += 1;
    if (this.#isMoving) return;
    this.#isMoving = true;
    for (let done = 0; done !== this.#wanted && !this.#isClosed; ) {
      const looked = this.#wanted;
      const moves = await Promise.all([...this.#subscriptions].map((each) => this.#moveOne(each)));
      if (moves.includes('moved') && !this.#isClosed) this.#options.onMoved();
      if (moves.includes('failed')) await pause(this.#timers, TRY_AGAIN_MS);
      else done = looked;
    }
    this.#isMoving = false;
  }

  async #moveOne(subscription: Subscription<Each>): Promise<'stays' | 'moved' | 'failed'> {
    const { shards, onError } = this.#options;
    try {
      const part = await shards.of(subscription.key);
      const before = subscription.at;
      if (before?.part === part) return 'stays';
      const leave = await subscription.subscribe(part);
      if (this.#subscriptions.has(subscription)) subscription.at = { part, leave };
      else await leave();
      // Its server may be gone, and the subscription with it.
      void before?.leave().catch(onError);
      return 'moved';
    } catch (error) {
      shards.topology.suspect();
      onError(error);
      return 'failed';
    }
  }
}
