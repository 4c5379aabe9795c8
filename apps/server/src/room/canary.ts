import { pause, type Timers } from '@kryton/engine/lifecycle/timers.ts';
import type { UpdateLog } from '@kryton/engine/log/update-log.ts';
import type { NodeId } from '@kryton/engine/protocol/ids.ts';
import type { RoomLogger } from './room-ports.ts';

const BEAT_MS = 1_000;
/** LOG5: a node that did not hear itself for this long is deaf. */
const DEAF_AFTER_MS = 5_000;

/**
 * Listens for this node's own heartbeat through the log's pub/sub (LOG5): the only way to tell a subscription that
 * is alive from one that only looks so.
 */
export class Canary {
  readonly #node: NodeId;
  readonly #log: UpdateLog;
  readonly #logger: RoomLogger;
  readonly #timers: Timers;
  #heardAt: number;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;

  constructor(node: NodeId, log: UpdateLog, logger: RoomLogger, timers: Timers) {
    this.#node = node;
    this.#log = log;
    this.#logger = logger;
    this.#timers = timers;
    this.#heardAt = timers.now();
  }

  /** False when the node has not heard itself for 5 s: it is then not ready, and refuses new connections. */
  get isHearing(): boolean {
    return this.#timers.now() - this.#heardAt < DEAF_AFTER_MS;
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#log.canary(this.#node, BEAT_MS);
        this.#heardAt = this.#timers.now();
      } catch (error) {
        await this.#unheard(error);
      }
      await pause(this.#timers, BEAT_MS);
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #unheard(error: unknown): Promise<void> {
    const now = this.#timers.now();
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
