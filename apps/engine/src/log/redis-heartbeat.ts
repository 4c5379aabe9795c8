import type { RedisCommands } from '../redis/redis-commands.ts';
import { nodeChannel } from './keys.ts';
import type { RedisSubscriptions } from './redis-subscriptions.ts';
import { LogUnavailable } from './update-log.ts';

/** A process says something to itself through Redis, to know that it hears (LOG5). */
export class RedisHeartbeat {
  readonly #commands: RedisCommands;
  readonly #subscriptions: RedisSubscriptions;
  readonly #echoes = new Map<string, () => void>();

  constructor(commands: RedisCommands, subscriptions: RedisSubscriptions) {
    this.#commands = commands;
    this.#subscriptions = subscriptions;
  }

  /** The round trip in ms; rejects after `timeoutMs` without an echo, or with what Redis refused. */
  async beat(nodeId: string, timeoutMs: number): Promise<number> {
    const channel = nodeChannel(nodeId);
    if (!this.#subscriptions.listensToNode(nodeId)) {
      await this.#subscriptions.addChannel(channel, () => this.#echoes.get(channel)?.());
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
      this.#commands.call('SPUBLISH', channel, '1').catch(reject);
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#echoes.delete(channel);
    }
  }
}
