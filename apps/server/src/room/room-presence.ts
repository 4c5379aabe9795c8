import type { DocId } from '@kryton/engine/protocol/ids.ts';
import type { PresenceEntry } from '@kryton/engine/protocol/presence-codec.ts';
import type { Audience } from './audience.ts';
import type { Member } from './member.ts';
import { prepareFrame } from './prepared-frame.ts';
import { PresenceExchange } from './presence-exchange.ts';
import { decodePresenceMessage, encodePresenceMessage } from './presence-wire.ts';
import type { RoomPorts } from './room-ports.ts';
import { AdaptiveWindow, MAX_PRESENCE_WINDOW_MS } from './window.ts';

/** Who is present in a room: between its members, and between the nodes that have the document open. */
export class RoomPresence {
  readonly #ports: RoomPorts;
  readonly #docId: DocId;
  readonly #audience: Audience;
  readonly #window = new AdaptiveWindow(MAX_PRESENCE_WINDOW_MS);
  /** Null until somebody has presence: most documents are open without, and it is the larger part of a room. */
  #exchange: PresenceExchange | null = null;

  constructor(ports: RoomPorts, docId: DocId, audience: Audience) {
    this.#ports = ports;
    this.#docId = docId;
    this.#audience = audience;
  }

  /** What a member says of its own presence; what it says of others is passed over (PRES2). */
  receive(member: Member, entries: readonly PresenceEntry[]): void {
    this.#whole().receive(member, entries);
  }

  /** Whether an entry in a member's presence message is worth reading; see `PresenceBoard.isNews`. */
  isNews(member: Member, clientId: number, clock: number): boolean {
    return this.#exchange?.isNews(member, clientId, clock) ?? true;
  }

  /** Sends a member everybody who is here. */
  tell(member: Member): void {
    const message = this.#exchange?.everybody();
    if (message) member.deliverPresence(prepareFrame(message));
  }

  leave(member: Member): void {
    this.#exchange?.leave(member);
  }

  /** Presence that nobody renews leaves. Called every few seconds. */
  expire(): void {
    this.#exchange?.expire();
  }

  /** What moved lately travels with what is about to be sent, and pays for it; see `Gatherer.hurry`. */
  hurry(): void {
    this.#exchange?.hurry();
  }

  /** Sending took so long, in ms. */
  spent(ms: number): void {
    this.#window.spent(ms);
  }

  /** What another node said; a message that cannot be read is dropped. */
  receiveMessage(bytes: Uint8Array): void {
    try {
      const message = decodePresenceMessage(bytes);
      if (message.node === this.#ports.node) return;
      if (message.kind === 'who') this.announce();
      else this.#whole().receiveRemote(message.entries);
    } catch (error) {
      this.#ports.logger.warn(
        { docId: this.#docId, err: error },
        'a presence message cannot be read and is dropped',
      );
    }
  }

  /** Asks the other nodes whom they have (PRES4). */
  ask(): void {
    void this.#publish(encodePresenceMessage({ kind: 'who', node: this.#ports.node }));
  }

  /** Tells the other nodes whom this one has. */
  announce(): void {
    this.#exchange?.announce();
  }

  /** Tells the other nodes at once, before this one leaves. */
  async drain(): Promise<void> {
    await this.#exchange?.drain();
  }

  close(): void {
    this.#exchange?.close();
  }

  #whole(): PresenceExchange {
    this.#exchange ??= this.#make();
    return this.#exchange;
  }

  #make(): PresenceExchange {
    const { node, timers } = this.#ports;
    return new PresenceExchange({
      node,
      timers,
      publish: (message) => this.#publish(message),
      broadcast: (message) => this.#broadcast(message),
      tell: (owner, message) => (owner as Member).send(prepareFrame(message)),
      windowMs: () => {
        this.#window.turn(timers.now());
        return this.#window.ms;
      },
    });
  }

  /** Never rejects: presence that could not be published is renewed anyway. */
  async #publish(message: Uint8Array): Promise<void> {
    const { log, logger } = this.#ports;
    try {
      await log.publishPresence(this.#docId, message);
    } catch (error) {
      logger.debug({ docId: this.#docId, err: error }, 'presence could not be published');
    }
  }

  #broadcast(message: Uint8Array): void {
    const { metrics, timers } = this.#ports;
    const startedAt = timers.now();
    metrics.presenceOut(this.#audience.deliverPresence(prepareFrame(message)));
    this.spent(timers.now() - startedAt);
  }
}
