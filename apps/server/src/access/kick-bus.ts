import type { MessageBus } from '@kryton/engine/bus/message-bus.ts';
import { type DocId, parseDocId } from '@kryton/engine/protocol/ids.ts';
import { z } from 'zod';
import type { Kick, KickFeed, KickListener, Kicks } from './kick.ts';

/** Where every node listens for kicks. */
export const KICK_CHANNEL = 'kry:revoked';

const id = z.string().min(1).max(200);
const docId = z.string().transform((text, context): DocId => {
  const parsed = parseDocId(text);
  if (parsed !== null) return parsed;
  context.addIssue('not a document id');
  return z.NEVER;
});

const kickSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('session'), sessionId: id }),
  z.strictObject({ kind: z.literal('user'), userId: id }),
  z.strictObject({ kind: z.literal('agent'), agentId: id, tokenIds: z.array(id).max(10_000) }),
  z.strictObject({ kind: z.literal('document'), docId }),
]);

export type KickBusLogger = { warn(details: object, message: string): void };

/** Kicks over the bus between the nodes; this node hears its own too. */
export class KickBus implements Kicks, KickFeed {
  readonly #bus: MessageBus;
  readonly #logger: KickBusLogger;
  readonly #listeners = new Set<KickListener>();

  constructor(bus: MessageBus, logger: KickBusLogger) {
    this.#bus = bus;
    this.#logger = logger;
  }

  async send(kick: Kick): Promise<void> {
    try {
      await this.#bus.publish(KICK_CHANNEL, encodeKick(kick));
    } catch (error) {
      this.#logger.warn(
        { err: error, kind: kick.kind },
        'the other nodes could not be told that access ended; their next review finds it',
      );
      for (const listener of this.#listeners) listener.kick(kick);
    }
  }

  async listen(listener: KickListener): Promise<() => Promise<void>> {
    const forgetInterruptions = this.#bus.onInterruption(() => listener.missed());
    try {
      const unsubscribe = await this.#bus.subscribe(KICK_CHANNEL, (message) => {
        const kick = this.#decode(message);
        if (kick) listener.kick(kick);
      });
      this.#listeners.add(listener);
      return async () => {
        this.#listeners.delete(listener);
        forgetInterruptions();
        await unsubscribe();
      };
    } catch (error) {
      forgetInterruptions();
      throw error;
    }
  }

  #decode(message: Uint8Array): Kick | null {
    try {
      return kickSchema.parse(JSON.parse(Buffer.from(message).toString('utf8')));
    } catch {
      // What it says is not repeated: nobody knows what it is.
      this.#logger.warn(
        { bytes: message.length },
        `a message on ${KICK_CHANNEL} is no kick of this release and was dropped`,
      );
      return null;
    }
  }
}

/** A kick as it travels. */
export function encodeKick(kick: Kick): Uint8Array {
  return Buffer.from(JSON.stringify(kick), 'utf8');
}
