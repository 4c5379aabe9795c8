/**
 * Messages between the processes of a cluster that belong to no document: kicks, and what plugins say to each other.
 *
 * What holds of every adapter (`message-bus.contract.ts` runs on each):
 *
 * - A message reaches every subscriber of its channel on every process, the sender's own too, at most once and in the
 *   order in which one process sent it. It is never stored.
 * - After an interruption the subscriptions are back by themselves, and `onInterruption` says that messages may have
 *   been missed: whoever cannot afford that compares with what is stored.
 */
export interface MessageBus {
  /** Resolves when the message was handed over; rejects with {@link BusUnavailable} when Redis does not answer in time. */
  publish(channel: string, message: Uint8Array): Promise<void>;

  /**
   * Resolves when the subscription is confirmed; the result ends it. A listener that throws stops nobody else. Rejects
   * with {@link BusUnavailable}, and then nothing is subscribed.
   */
  subscribe(channel: string, listener: (message: Uint8Array) => void): Promise<() => Promise<void>>;

  /** `listener` is called whenever messages may have been missed; the result ends that. */
  onInterruption(listener: () => void): () => void;

  /** Ends connections; pending calls reject. */
  close(): Promise<void>;
}

/** Redis did not answer in time or refused, or the bus is closed; `cause` holds its own error. */
export class BusUnavailable extends Error {
  override readonly name = 'BusUnavailable';
}
