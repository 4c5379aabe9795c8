import { RedisCommands, type RedisCommandsOptions } from './redis-commands.ts';
import type { RedisReply } from './resp-reader.ts';

export type RedisListenerOptions = Omit<RedisCommandsOptions, 'takesUnasked'> & {
  readonly onMessage: (channel: string, message: Buffer) => void;
  /** In a cluster: the slot of a channel that was listened to here has another master now. */
  readonly onMoved: () => void;
};

const SUBSCRIBE = 'SSUBSCRIBE';
const UNSUBSCRIBE = 'SUNSUBSCRIBE';

/**
 * A connection that only listens, to sharded channels. After a reconnect it listens to none: whoever uses it subscribes
 * again in `onReady`.
 */
export class RedisListener {
  readonly #redis: RedisCommands;
  readonly #onMoved: () => void;

  constructor({ onMessage, onMoved, ...options }: RedisListenerOptions) {
    this.#redis = new RedisCommands({
      ...options,
      takesUnasked(reply, command) {
        if (!Array.isArray(reply)) return false;
        const [kind, channel, message] = reply;
        switch (textOf(kind)) {
          case 'smessage':
            if (Buffer.isBuffer(message)) onMessage(textOf(channel), message);
            return true;
          case 'sunsubscribe':
            // Said unasked, it tells that the slot has left this server.
            if (command === UNSUBSCRIBE) return false;
            onMoved();
            return true;
          default:
            return false;
        }
      },
    });
    this.#onMoved = onMoved;
  }

  get isUp(): boolean {
    return this.#redis.run !== null;
  }

  connect(): Promise<void> {
    return this.#redis.connect();
  }

  /** Resolves when Redis confirmed all of these channels, which have one hash slot. Rejects as {@link RedisCommands.call}. */
  async subscribe(channels: readonly string[]): Promise<void> {
    try {
      await this.#redis.callFor(channels.length, [SUBSCRIBE, ...channels]);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('MOVED ')) this.#onMoved();
      throw error;
    }
  }

  async unsubscribe(channels: readonly string[]): Promise<void> {
    await this.#redis.callFor(channels.length, [UNSUBSCRIBE, ...channels]);
  }

  reconnect(): void {
    this.#redis.reconnect();
  }

  close(): void {
    this.#redis.close();
  }
}

function textOf(reply: RedisReply | undefined): string {
  return Buffer.isBuffer(reply) ? reply.toString('latin1') : '';
}
