import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { NodeId } from '@kryton/engine/protocol/ids.ts';
import type { RoomLogger } from './room-ports.ts';

const BEAT_MS = 1_000;
/** LOG5: a node that did not hear itself for this long is deaf. */
const DEAF_AFTER_MS = 5_000;

export type CanaryOptions = {
  readonly logger: RoomLogger;
  readonly timers: Timers;
  readonly graceMs: number;
  readonly onSilence: () => void;
  /** Called with each heartbeat that was heard, and how long it took, in ms. */
  readonly onHeard?: (ms: number) => void;
};

/**
 * Listens for this node's own heartbeat through the log's pub/sub (LOG5): the only way to tell a subscription that
 * is alive from one that only looks so.
 */
export class Canary {
  readonly #node: NodeId;
  readonly #log: UpdateLog;
  readonly #logger: RoomLogger;
  readonly #timers: Timers;
  readonly #graceMs: number;
  readonly #onSilence: () => void;
  readonly #onHeard: (ms: number) => void;
  #heardAt: number;
  #hasToldSilence = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  /** `onSilence` is called once each time that the node has not heard itself for `graceMs` (LOG6). */
  constructor(node: NodeId, log: UpdateLog, { logger, timers, graceMs, onSilence, onHeard }: CanaryOptions) {
    this.#node = node;
    this.#graceMs = graceMs;
    this.#onSilence = onSilence;
    this.#onHeard = onHeard ?? (() => {});
    this.#log = log;
    this.#logger = logger;
    this.#timers = timers;
    this.#heardAt = timers.now();
  }

  /** False when the node has not heard itself for 5 s: it is then not ready, and refuses new connections. */
  get isHearing(): boolean {
    return this.silentMs < DEAF_AFTER_MS;
  }

  /** Since the node last heard itself, in ms. */
  get silentMs(): number {
    return this.#timers.now() - this.#heardAt;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      const startedAt = this.#timers.now();
      try {
        await this.#log.canary(this.#node, BEAT_MS);
        this.#heardAt = this.#timers.now();
        this.#onHeard(this.#heardAt - startedAt);
        this.#hasToldSilence = false;
      } catch (error) {
        await this.#unheard(error);
      }
      // A beat that was waited for in vain has taken its time already.
      await pause(this.#timers, Math.max(1, BEAT_MS - (this.#timers.now() - startedAt)));
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #unheard(error: unknown): Promise<void> {
    const now = this.#timers.now();
    if (!this.#hasToldSilence && now - this.#heardAt >= this.#graceMs) {
      this.#hasToldSilence = true;
      this.#onSilence();
    }
    if (this.isHearing || now - this.#renewedAt < DEAF_AFTER_MS) return;
    this.#renewedAt = now;
    this.#logger.error(
      { err: error },
      'this node does not hear its own heartbeat and renews its subscriptions',
    );
    await this.#log.resubscribe().catch((cause) => {
      this.#logger.error({ err: cause }, 'the subscriptions could not be renewed');
    });
  }
}
